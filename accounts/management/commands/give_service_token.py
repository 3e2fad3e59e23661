"""`manage.py give_service_token`: let a system of an agency send, and print its token once."""

from __future__ import annotations

from typing import Any

import pghistory
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.rules.tokens import LASTS_DAYS, TokenRefused
from accounts.selectors import now
from accounts.selectors.tokens import agencies_that_send, service_memberships
from accounts.services.tokens import add_service_account, give_token


class Command(BaseCommand):
    help = "Let a system of an agency send to Harbour, and print its token: once, because only a hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("agency", help="the agency's name, as Harbour has it")
        parser.add_argument("system", help="the system's name; one that has an account gets another token")
        parser.add_argument("--name", default="first", help="a word to know the token by (first)")
        parser.add_argument("--days", type=int, default=LASTS_DAYS[0], help=f"how long it lasts ({LASTS_DAYS[0]})")

    def handle(self, *args: Any, **options: Any) -> None:
        agencies = {agency.name: agency for agency in agencies_that_send()}
        agency = agencies.get(options["agency"])
        if agency is None:
            raise CommandError(f"Name one of these agencies: {', '.join(agencies) or 'there is none yet'}")
        accounts = [
            account
            for account in service_memberships()
            if account.agency_id == agency.pk and str(account.user) == options["system"] and account.ended_on is None
        ]
        at = now()
        try:
            with transaction.atomic(), pghistory.context(reason="command"):
                account = accounts[0] if accounts else None
                account = account or add_service_account(name=options["system"], agency=agency, at=at, by=None)
                token, text = give_token(membership=account, name=options["name"], days=options["days"], at=at, by=None)
        except TokenRefused as refusal:
            raise CommandError(refusal.reason) from refusal
        self.stderr.write(f"Copy it now, it is not shown again. It ends on {token.expires_at:%d/%m/%Y}.")
        self.stdout.write(text)
