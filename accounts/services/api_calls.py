"""What a system may ask again: the same key and body are answered once, and nobody asks without end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from accounts.models import ApiAnswer, ApiUse
from accounts.rules.refusals import Refusal

ANSWERS_KEPT = timedelta(days=7)
USES_KEPT = timedelta(hours=1)


class StillRunning(Refusal):
    """The first request with this key has not been answered yet."""

    code = "still_running"


class OtherBody(Refusal):
    """The key was used for something else."""

    code = "other_body"


@dataclass(frozen=True)
class Answer:
    """What a system is answered: a status and a body that holds nothing the first answer did not."""

    status: int
    body: dict[str, Any]


def answer_once(*, user_id: int, key: str, operation: str, asked: Any, run: Callable[[], Answer]) -> Answer:
    """Do something at most once for a key of one account, and give the first answer again for 7 days.

    `asked` is everything that was asked for: address and body. Refuses with OtherBody a key that came with something
    else, and with StillRunning one whose first request is being dealt with. Both the mark and the work stand in the
    transaction that the caller has opened: what is refused or breaks off leaves neither, and may be sent again.
    """
    body_hash = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    with transaction.atomic():
        if not _held(f"{user_id} {operation} {key}"):
            raise StillRunning("The first request with this Idempotency-Key is still being dealt with. Ask again soon.")
        kept = ApiAnswer.objects.filter(user_id=user_id, key=key, operation=operation).first()
        if kept is not None:
            if kept.body_hash != body_hash:
                raise OtherBody(
                    "This Idempotency-Key was used for something else. Send what you sent before, or take a new key."
                )
            return Answer(kept.status, json.loads(kept.body))
        answer = run()
        ApiAnswer.objects.create(
            user_id=user_id,
            key=key,
            operation=operation,
            body_hash=body_hash,
            status=answer.status,
            body=json.dumps(answer.body),
        )
    return answer


def _held(name: str) -> bool:
    """Take the lock of a name until the transaction ends; False where somebody else holds it."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        row = cursor.fetchone()
    return bool(row[0])


def count_call(*, caller: str, at: datetime) -> int:
    """Count one more request of a caller within the minute of an instant. Returns how many that makes.

    Counted in the database, so that every web process counts the same.
    """
    minute = at.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_apiuse (caller, minute, count) VALUES (%s, %s, 1) "
            "ON CONFLICT (caller, minute) DO UPDATE SET count = accounts_apiuse.count + 1 RETURNING count",
            [caller, minute],
        )
        row = cursor.fetchone()
    return int(row[0])


def purge_calls(*, at: datetime) -> int:
    """Throw away answers older than 7 days and counts older than an hour. Returns how many answers went."""
    ApiUse.objects.filter(minute__lt=at - USES_KEPT).delete()
    count, _ = ApiAnswer.objects.filter(created_at__lt=at - ANSWERS_KEPT).delete()
    return count
