"""Harbour’s settings, addresses, worker and services."""

import gc

# Python looks for circular garbage each time it holds 700 objects more, and a page or a child of the demo makes tens
# of thousands of short-lived ones: looking less often takes a fifth off the processor’s time (docs/decisions/0280).
gc.set_threshold(50_000, 20, 100)
