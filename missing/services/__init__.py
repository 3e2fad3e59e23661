"""Every write about a missing child: reports, grades, returns, and the interview that follows."""

from missing.services.episodes import (
    EpisodeDetails,
    add_sighting,
    change_kind,
    close_at_18,
    grade_episode,
    report_episode,
)
from missing.services.findings import Finding, write_up_interview
from missing.services.interviews import (
    Holding,
    allocate_interviewer,
    answer_interview,
    end_not_engaged,
    end_not_needed,
    hold_interview,
    offer_interview,
    record_attempt,
    record_carers_view,
)
from missing.services.questions import register_file_questions
from missing.services.reports import MayBeKnown, report_missing_child, return_reported_child
from missing.services.returns import ReturnDetails, correct_time, decide_interview, record_check, record_return

__all__ = [
    "EpisodeDetails",
    "Finding",
    "Holding",
    "MayBeKnown",
    "ReturnDetails",
    "add_sighting",
    "allocate_interviewer",
    "answer_interview",
    "change_kind",
    "close_at_18",
    "correct_time",
    "decide_interview",
    "end_not_engaged",
    "end_not_needed",
    "grade_episode",
    "hold_interview",
    "offer_interview",
    "record_attempt",
    "record_carers_view",
    "record_check",
    "record_return",
    "register_file_questions",
    "report_episode",
    "report_missing_child",
    "return_reported_child",
    "write_up_interview",
]
