"""Two people who add the same number at the same moment: one is on the file, the other is told."""

from __future__ import annotations

import threading

import pghistory
import pytest
from django.db import connection, transaction

from cases.record.choices import IdentifierKind
from cases.record.models import Identifier
from cases.record.rules import RecordRefused
from cases.record.services import add_identifier
from tests.factories.cases import make_child

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_second_of_two_is_told_that_the_number_is_there(world, viewer, at) -> None:
    child, said = make_child(), {"kind": IdentifierKind.NHS_NUMBER, "value": "943 476 5919", "at": at}
    told: list[Exception | None] = []
    by = viewer("socialworker")

    def second() -> None:
        try:
            with pghistory.context(reason="web"):
                add_identifier(child=child, by=by, **said)
        except Exception as error:
            told.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        add_identifier(child=child, by=viewer("keyworker"), **said)
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the second waits until the first is done"
    thread.join(timeout=10)

    assert [type(error) for error in told] == [RecordRefused]
    assert Identifier.objects.filter(child=child).count() == 1
