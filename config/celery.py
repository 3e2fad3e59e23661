"""The worker's application. Tasks take ids only, and derive everything else from PostgreSQL."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, worker_ready
from django.conf import settings

from accounts.services.deadlocks import again_after_deadlock

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")


class AskedAgain(Task):
    """A task that the database turned away is done again at once: each may run twice, and none waits for its beat."""

    def __call__(self, *args: Any, **given: Any) -> Any:
        return again_after_deadlock(lambda: self.run(*args, **given))


app = Celery("harbour", task_cls=AskedAgain)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def log_as_the_web_does(**_: Any) -> None:
    """Keep Celery from setting up logs of its own, which would write a failing task's values."""
    dictConfig(settings.LOGGING)


@worker_ready.connect
def sweep_at_once(sender: Any, **_: Any) -> None:
    """After a stop the first sweep comes now, not with the beat's next minute."""
    sender.app.send_task("cases.tasks.sweep", expires=55)
