"""`manage.py alertd`: sweeps and sends every minute without broker, worker or beat."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

import pghistory
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from accounts.selectors import now
from cases.clocks import services

log = logging.getLogger("harbour.alerts")


class Command(BaseCommand):
    help = "Sweep and send alerts every minute, beside the beat or in its place. Both at once are harmless."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=60.0, help="seconds between two rounds")
        parser.add_argument("--once", action="store_true", help="one round, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        ended = threading.Event()
        if not options["once"]:
            for asked in (signal.SIGTERM, signal.SIGINT):
                signal.signal(asked, lambda *_: ended.set())
        while not ended.is_set():
            self.round()
            if options["once"]:
                return
            ended.wait(options["every"])

    def round(self) -> None:
        """One sweep and the e-mails that are due. A database that does not answer is asked again at the next."""
        try:
            with pghistory.context(reason="alertd"):
                services.sweep(now())
                services.dispatch(now())
        except DatabaseError as fault:
            log.error("alertd_round_failed", extra={"error": type(fault).__name__})
        finally:
            close_old_connections()
