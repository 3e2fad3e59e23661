"""Fills an empty database with an invented partnership, as the owner of the database."""

from argparse import ArgumentParser
from resource import RUSAGE_SELF, getrusage
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.selectors import now
from config.demo.crowd import settle
from config.demo.people import write_users_file
from config.demo.reporting import report
from config.demo.seeding import AlreadyThere, seed_demo

NOT_DEMO = (
    "Demo data is for demonstration settings alone. These settings are for real children, so nothing was written."
)
USED = (
    "This database holds agencies or children already, so nothing was written. To begin again with demo data, stop "
    "Harbour, delete the whole embedded database with `make reset`, and start it with `make run`."
)


class Command(BaseCommand):
    help = "Write invented agencies, people and children with eighteen months of history into an empty database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--children", type=int, default=240, help="how many files (240); those beyond are rows")
        parser.add_argument("--seed", type=int, default=1, help="the same seed on the same day writes the same (1)")
        parser.add_argument("--report", action="store_true", help="only print the figures the database holds now")

    def handle(self, *args: Any, **options: Any) -> None:
        if not getattr(settings, "DEMO", False):
            raise CommandError(NOT_DEMO)
        if options["report"]:
            self.stdout.write(report(at=now()))
            return
        if options["children"] < 12:
            raise CommandError("Ask for at least 12 children: with fewer, some of what the demo shows has no child.")
        self.started, self.quiet = monotonic(), options["verbosity"] == 0
        try:
            seeded = seed_demo(
                children=options["children"],
                seed=options["seed"],
                at=now(),
                say=self.say,
                show_progress=not self.quiet,
            )
        except AlreadyThere:
            raise CommandError(USED) from None
        path = settings.VAR_DIR / "demo-users.json"
        write_users_file(world=seeded.world, path=path)
        number = len(seeded.lives) + seeded.crowd
        if seeded.crowd:
            settle(say=self.say)
            self._say_what_it_took(number)
        if not self.quiet:
            seconds = monotonic() - self.started
            self.stdout.write(
                f"Wrote {number:,} children, {len(seeded.world.agencies)} agencies and "
                f"{len(seeded.world.members)} people in {seconds:.0f} seconds. Who may sign in: {path}"
            )

    def say(self, words: str) -> None:
        """One line of progress, with the seconds so far."""
        if not self.quiet:
            self.stdout.write(f"{monotonic() - self.started:6.0f} s  {words}")
            self.stdout.flush()

    def _say_what_it_took(self, number: int) -> None:
        """Seconds for each 100,000 children, and the most memory that this process ever held."""
        megabytes = getrusage(RUSAGE_SELF).ru_maxrss / 1024
        took = monotonic() - self.started
        self.say(f"{took / number * 100_000:.0f} seconds for 100,000 children; at most {megabytes:.0f} MiB of memory")
