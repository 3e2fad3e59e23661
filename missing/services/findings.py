"""Writing up what an interview found, each part in the category that decides who reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.services import end_grants_from, record_activity
from cases.record.choices import Source
from cases.record.services import provenance
from missing import rules
from missing.choices import FINDING_CATEGORIES, WITH_PARTNER_TEXT, Agrees, InterviewState, InterviewStepKind
from missing.models import InterviewFinding, ReturnInterview
from missing.services.interviews import Deed, lock_interview, write_step
from missing.services.opening import end_for_interview_team

# What tells of somebody else than the child.
ABOUT_OTHERS = frozenset({Category.PERSON_OF_CONCERN, Category.FAMILY, Category.INTELLIGENCE})


@dataclass(frozen=True)
class Finding:
    """One part of what an interview says. `partner_text` is for those who see the summary of the category."""

    category: Category
    text: str = ""
    partner_text: str = ""
    agrees: Agrees = Agrees.NOT_ASKED
    share_with: str = ""


@transaction.atomic
def write_up_interview(
    *,
    interview: ReturnInterview,
    findings: Iterable[Finding],
    finished: bool,
    at: datetime,
    by: Viewer,
    version: int | None = None,
) -> list[InterviewFinding]:
    """Write down what the interview says, and say when the write-up is finished. Nothing written is replaced.

    Raises Stale; MissingRefused before the interview is held, with nothing written at all, for a category that an
    interview is not written in, and for a partner's sentence where the category's summary has none.
    """
    interview = lock_interview(interview, version)
    if InterviewState(interview.state) not in rules.MAY_WRITE:
        raise rules.MissingRefused("Record first that the interview was held. Then write down what it says.")
    said = [one for one in findings if one.text.strip() or one.partner_text.strip()]
    for one in said:
        _check(one)
    if not said and not InterviewFinding.objects.filter(interview=interview).exists():
        raise rules.MissingRefused("Write at least one part of what the interview says.")
    rows = [_write(interview, one, at=at, by=by) for one in said]
    if finished and interview.state == InterviewState.HELD:
        _finish(interview, at=at, by=by)
    interview.version += 1
    interview.save(update_fields=["state", "version"])
    end_for_interview_team(interview.child_id, at=at, by=by)
    for category in {one.category for one in said}:
        record_activity(child_id=interview.child_id, category=category, at=at)
    return rows


def _check(finding: Finding) -> None:
    if finding.category not in FINDING_CATEGORIES:
        raise rules.MissingRefused("An interview is not written down under that kind of information.")
    if finding.partner_text.strip() and finding.category not in WITH_PARTNER_TEXT:
        raise rules.MissingRefused("The summary of that kind of information has no sentence for partners.")


def _write(interview: ReturnInterview, finding: Finding, *, at: datetime, by: Viewer) -> InterviewFinding:
    return InterviewFinding.objects.create(
        child_id=interview.child_id,
        interview=interview,
        text=finding.text,
        partner_text=finding.partner_text,
        agrees=finding.agrees,
        share_with=finding.share_with,
        recorded_at=at,
        third_party=finding.category in ABOUT_OTHERS,
        **provenance(by, finding.category, source=Source.CHILD),
    )


def _finish(interview: ReturnInterview, *, at: datetime, by: Viewer) -> None:
    """The interviewer's own access in person ends with the work; those held together with it are finished too."""
    together = ReturnInterview.objects.select_for_update().filter(covered_by=interview, state=InterviewState.HELD)
    for one in [interview, *together]:
        one.state = rules.interview_after(one.state, InterviewStepKind.WRITTEN_UP)
        write_step(one, Deed(InterviewStepKind.WRITTEN_UP, at), at=at, by=by)
        end_grants_from(source_id=one.pk, at=at, by=by, why="The interview is written up")
        if one.pk != interview.pk:
            one.version += 1
            one.save(update_fields=["state", "version"])
