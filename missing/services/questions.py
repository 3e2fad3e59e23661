"""Files that who reports may not know of: put to the data guardians, by whoever keeps their questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from cases.record.selectors.matching import Candidate
from missing.models import MissingReport
from missing.rules import puts_question

Asking = Callable[[MissingReport, list[Candidate], datetime], None]
_ASKING: list[Asking] = []


def register_file_questions(asking: Asking) -> None:
    """Say who takes the question whether a report is about the child of a file that the reporter may not know of.

    Called by an upper app in `ready()`; the function runs in the transaction of the report, so that neither is
    written without the other.
    """
    _ASKING[:] = [asking]


def ask_of_files(*, report: MissingReport, hidden: Iterable[Candidate], at: datetime) -> None:
    """Put the files that may be the reported child's to whoever answers, but for the file that the report is on."""
    asked = [
        one
        for one in hidden
        if one.child.pk != report.child_id and puts_question(one.match.band, away=one.child.missing_since is not None)
    ]
    if not asked:
        return
    for asking in _ASKING:
        asking(report, asked, at)
