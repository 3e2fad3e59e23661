"""Who is missing, which interviews wait, and what stands on one file."""
