"""The worker's application. Tasks take ids only, and derive everything else from PostgreSQL."""

import os
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
app = Celery("harbour")
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
