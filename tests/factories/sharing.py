"""Decisions about access, the smallest valid of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.utils.timezone import localdate

from accounts.choices import RoleKey
from accounts.models import Agency, User
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.selectors.definitions import definition_in_force
from cases.record.models import Child
from cases.sharing.choices import SignalKind
from cases.sharing.models import AgreementSignature, AgreementVersion
from cases.sharing.models.looks import LookDigest, LookSignal
from cases.sharing.models.matrix import MatrixProposal
from cases.sharing.selectors.looks import LIMITS
from cases.sharing.services.matrix import propose_matrix

WHY_CHANGE = "Schools asked to see that an interview was held."


def propose(viewer: Callable[[str], Viewer], at: datetime, *, by: str = "coordinator", **said: str) -> MatrixProposal:
    """A proposal that schools see that there are return interviews, from a week on."""
    asked = {"role": RoleKey.EDUCATION_DSL, "category": "interview", "cell": "E", "reason": WHY_CHANGE} | said
    return propose_matrix(effective_on=at.date() + timedelta(days=7), at=at, by=viewer(by), **asked)


def make_version(at: datetime, *, days: int = 365, **given: date) -> AgreementVersion:
    """A version of the agreement that has been current for a month, and will be for so many days more."""
    first = localdate(at) - timedelta(days=30)
    number = AgreementVersion.objects.count() + 1
    said = {"in_force_from": first, "ends_on": localdate(at) + timedelta(days=days), **given}
    return AgreementVersion.objects.create(
        number=number, document="ISA", added_at=at, added_by=User.objects.all()[0], **said
    )


def make_signature(agency: Agency, *, by: Viewer, version: AgreementVersion | None = None) -> AgreementSignature:
    """A signature of an agency; what covers the agency is left as it is."""
    at = now()
    return AgreementSignature.objects.create(
        agreement=version or make_version(at),
        agency=agency,
        signed_on=localdate(at) - timedelta(days=20),
        signed_by="Dana Reyes, director",
        controller="The board",
        protection_contact="dpo@harbour.example",
        recorded_at=at,
        recorded_by_id=by.user_id,
    )


def make_signal(looker: Viewer, child: Child, at: datetime) -> LookSignal:
    """A question about one person's looks at one file, in a digest of this week."""
    digest = LookDigest.objects.create(
        week_from=at.date() - timedelta(days=at.weekday()),
        limits=definition_in_force(*LIMITS, on=at.date()),
        looks=1,
    )
    return LookSignal.objects.create(
        digest=digest,
        kind=SignalKind.SAME_NAME,
        user_id=looker.user_id,
        child_id=child.pk,
        count=1,
        first_at=at,
        last_at=at,
    )
