"""What the database turned away, to free somebody else who waited for the same, is done again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection
from psycopg2.errors import DeadlockDetected

TRIES_AFTER_A_DEADLOCK = 3
log = logging.getLogger("harbour.deadlocks")
T = TypeVar("T")


def is_deadlock(error: BaseException) -> bool:
    """Whether the database ended a transaction because it and another waited for each other."""
    return isinstance(error, OperationalError) and isinstance(error.__cause__, DeadlockDetected)


def again_after_deadlock(work: Callable[[], T]) -> T:
    """Do a piece of work that may be done twice, and do it again, three times at most, where a deadlock ended it.

    Inside a transaction of others it is theirs to begin anew. Raises what the last try raised.
    """
    for tries_left in range(TRIES_AFTER_A_DEADLOCK, -1, -1):
        try:
            return work()
        except OperationalError as error:
            if not is_deadlock(error) or connection.in_atomic_block or not tries_left:
                raise
            log.info("asked_again_after_a_deadlock", extra={"tries_left": tries_left})
    raise AssertionError("the last try returns or raises")
