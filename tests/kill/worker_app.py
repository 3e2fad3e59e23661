"""The product's own Celery application, with quicker rounds and the points at which it can be stopped.

With HARBOUR_KILL_MODE=delay it is what most tutorials build instead: nothing is derived, each e-mail is a task of its
own, and Celery keeps its default settings. The same test must find that one out.
"""

from __future__ import annotations

import os
from typing import Any

from celery.signals import beat_init, worker_init, worker_ready

from config.celery import app, sweep_at_once
from tests.kill import points

MODE = "HARBOUR_KILL_MODE"
SCHEDULE = {
    "sweep": {"task": "cases.tasks.sweep", "schedule": 1.0, "options": {"expires": 5}},
    "dispatch": {"task": "cases.tasks.dispatch", "schedule": 0.5, "options": {"expires": 5}},
}
PLAIN = {"task_acks_late": False, "task_reject_on_worker_lost": False, "worker_prefetch_multiplier": 4}

app.conf.update(beat_schedule=SCHEDULE)
if os.environ.get(MODE) == "delay":
    app.conf.update(beat_schedule={}, **PLAIN)
    worker_ready.disconnect(sweep_at_once)  # it derives nothing


@app.task(name="tests.kill.tell")
def tell(message_pk: int) -> None:
    """Send one e-mail: the plain design, in which the message in the broker is the only trace of it."""
    import pghistory
    from django.utils import timezone

    from cases.clocks.models import OutboxMessage
    from cases.clocks.services import outbox

    with pghistory.context(reason="tell"):
        message = OutboxMessage.objects.select_related("membership__user", "alert__clock__definition").get(
            pk=message_pk
        )
        outbox._mail(message).send()
        message.sent_at = timezone.now()
        message.save(update_fields=["sent_at"])


@worker_init.connect
def make_the_worker_stoppable(**_: Any) -> None:
    points.install_in_worker()


@beat_init.connect
def make_the_beat_stoppable(sender: Any, **_: Any) -> None:
    points.install_in_beat(sender.scheduler)
