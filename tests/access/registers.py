"""Texts about a child that are no entries of its file: in which register each stands, and who reads it by the oracle.

A model of the product with a text in it has its line here, or says why it needs none: one that is new and has neither
fails `tests/access/test_canaries.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from cases.access.choices import Category
from cases.record.models import Child, Entry


@dataclass(frozen=True)
class Register:
    """Where the words of one model are read: by whom the oracle lets see a category, or open a page; by who wrote them.

    `child`, `writers` and `agency` lead from a row to the id of the child, of the people who wrote it or to whom it was
    written, and of the agency whose own it is.
    """

    child: str = ""
    category: Category | None = None
    pages: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    agency: str = ""
    surfaces: tuple[str, ...] = ("file_page", "alerts")


SHARING, MINUTES = Category.SHARING, Category.MINUTES
REGISTERS: dict[str, Register] = {
    # What somebody has begun, or sent too late, is theirs alone.
    "accounts.Draft": Register(writers=("user_id",)),
    "accounts.HeldSubmission": Register(writers=("user_id",)),
    "cases.SharingDecision": Register("child_id", SHARING, writers=("decided_as.user_id",), agency="agency_id"),
    "cases.SharingWish": Register("child_id", SHARING, writers=("recorded_as.user_id",)),
    "cases.SharingBreach": Register("decision.child_id", SHARING, writers=("found_by_id", "assessed_by_id")),
    "cases.AccessRequest": Register("child_id", SHARING, writers=("asked_as.user_id", "answered_by_id")),
    # Why somebody can see a file is told to everybody who can.
    "cases.AccessGrant": Register("child_id", pages=("cases:who_can_see",)),
    "cases.AddressKeptFrom": Register("address.child_id", pages=("cases:address",), writers=("added_by_id",)),
    "cases.Block": Register("child_id", pages=("cases:conflict",)),
    "cases.Conflict": Register("child_id", pages=("cases:conflict",)),
    "cases.Declaration": Register(pages=("cases:possible_conflict",), writers=("membership.user_id",)),
    "cases.PossibleConflict": Register("child_id", pages=("cases:possible_conflict",)),
    "cases.EmergencyAccess": Register("child_id", pages=("cases:emergency_review",), writers=("membership.user_id",)),
    "cases.Restriction": Register("child_id", pages=("cases:restriction",)),
    "cases.RestrictionStep": Register("restriction.child_id", pages=("cases:restriction",)),
    "cases.LookSignal": Register("child_id", pages=("cases:decide_signal",)),
    # Why something was late, or was moved, is shown by the thing that was late: here it is read by nobody.
    "cases.Clock": Register("child_id"),
    "cases.ClockChange": Register("clock.child_id"),
    "panels.ActionStep": Register(
        "action.child_id", MINUTES, writers=("taken_by.user_id",), agency="action.owner_agency_id"
    ),
    "referrals.Notification": Register(
        "child_id", pages=("referrals:triage_detail", "referrals:triage_question"), writers=("referrer_id",)
    ),
    "referrals.TriageDecision": Register(
        "notification.child_id", pages=("referrals:triage_detail",), writers=("decided_by.user_id",)
    ),
}
# Written to the one who notified, beside the desk, and when it was decided.
TO_THE_REFERRER = dict.fromkeys(
    ["referrals.TriageDecision.message_to_referrer", "referrals.TriageDecision.decided_at"], "notification.referrer_id"
)

ACCOUNT = "about an account or an agency"
TERMS = "about the partnership's own rules"
SITTING = "who sits on a panel and who came, whichever child is talked about"
RULE = "read by the access rule itself: `tests/access/test_rules.py` and `test_worlds.py`"
TOTALS = "totals, of which small ones are withheld"
CODE = "made by the product: a code, a digest or a name of its own"
NO_WORDS: dict[str, str] = {
    **dict.fromkeys(["accounts.User", "accounts.Agency", "accounts.DomainChange", "accounts.AccountEvent"], ACCOUNT),
    **dict.fromkeys(["accounts.Notice", "accounts.SignInCode", "accounts.Place", "accounts.RoleRequest"], ACCOUNT),
    **dict.fromkeys(["accounts.AccessReview", "accounts.ReviewLine", "accounts.Invitation"], ACCOUNT),
    **dict.fromkeys(["accounts.FunctionGroup", "accounts.FunctionMember", "accounts.Membership"], ACCOUNT),
    **dict.fromkeys(["panels.SeatDeputy", "panels.StatementAcceptance", "panels.Attendance"], SITTING),
    **dict.fromkeys(["cases.MatrixChange", "cases.MatrixSignature", "cases.SweepRun"], TERMS),
    **dict.fromkeys(["cases.AddressReader", "cases.ChildGroupGrant", "cases.ChildUserGrant"], RULE),
    **dict.fromkeys(["cases.FileActivity", "cases.LookDigest"], "when something last happened, or how many looks were"),
    "cases.StaffHome": "of a colleague's own home, which nobody reads: `tests/cases/test_conflicts.py`",
    **dict.fromkeys(["accounts.ApiToken", "accounts.ApiUse", "accounts.ApiAnswer"], "what a system was answered"),
    **dict.fromkeys(["accounts.DefinitionVersion", "cases.AgreementVersion", "cases.AgreementEnd"], TERMS),
    **dict.fromkeys(["cases.AgreementSignature", "cases.ImpactAssessment", "cases.MatrixProposal"], TERMS),
    **dict.fromkeys(["cases.ClosureDay", "panels.Panel", "panels.PanelSeat", "panels.Meeting"], TERMS),
    **dict.fromkeys(["accounts.AccessEvent", "accounts.Submission", "cases.Alert", "cases.OutboxMessage"], CODE),
    "cases.CopiesDestroyed": "who says that they have destroyed copies, and when: `tests/cases/test_withdrawn.py`",
    **dict.fromkeys(["reporting.ReportRun", "reporting.ReportSnapshot", "reporting.ReportDocument"], TOTALS),
    **dict.fromkeys(["referrals.Notification.reference", "referrals.MatchQuestion"], CODE),
    **dict.fromkeys(["accounts.Draft.form", "accounts.Draft.subject", "accounts.HeldSubmission.path"], CODE),
}


def told_apart() -> Iterator[type[models.Model]]:
    """The models of the product whose rows are no entries of a file, nor their history."""
    root = Path(settings.BASE_DIR)
    for config in apps.get_app_configs():
        if Path(config.path).parent == root:
            for model in config.get_models():
                if not issubclass(model, Entry | Child) and not hasattr(model, "pgh_tracked_model"):
                    yield model


def says_nothing(name: str) -> bool:
    """Whether a field, or its whole model, is among those that hold no words about a child."""
    return name in NO_WORDS or name.rpartition(".")[0] in NO_WORDS


def follow(row: Any, path: str) -> Any:
    """What a path of attributes leads to; None where a part of it is empty, or there is no path."""
    return reduce(lambda found, part: getattr(found, part, None), path.split("."), row) if path else None
