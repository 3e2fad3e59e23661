"""The system of an agency that sends to Harbour: an account, and a token that nobody holds."""

from __future__ import annotations

from datetime import date, timedelta

from accounts.rules.tokens import LASTS_DAYS
from accounts.services.tokens import add_service_account, give_token
from config.demo.people import World
from config.demo.times import on_day

ADDED_AGO = 40


def make_systems(world: World, *, today: date) -> None:
    """Let the police's system send, as the administrator did some weeks ago.

    The token is thrown away, as nobody can read one after it was shown; `give_service_token` prints another.
    """
    at, by = on_day(today - timedelta(days=ADDED_AGO), 10), world.viewers["admin"]
    account = add_service_account(name="Missing persons system", agency=world.agencies["police"], at=at, by=by)
    give_token(membership=account, name="first", days=LASTS_DAYS[0], at=at, by=by)
