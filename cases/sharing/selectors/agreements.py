"""The register of agreements: versions, who signed, who has not, and what is to be renewed when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from accounts.models import Agency, Membership
from accounts.rules.refusals import NotKnown
from accounts.selectors.managers import MANAGING
from cases.clocks.selectors import should_run
from cases.sharing.models.agreements import AgreementSignature, AgreementVersion
from cases.sharing.rules.agreements import Signed


@dataclass(frozen=True)
class Standing:
    """An agency with the signature that covers it longest, None where it has signed nothing."""

    agency: Agency
    signature: AgreementSignature | None


def agreement_versions() -> list[AgreementVersion]:
    """Every version, the latest first, with its signatures and assessments."""
    rows = AgreementVersion.objects.prefetch_related("signatures", "assessments").order_by("-number")
    return list(rows)


def agreement_by(agreement_id: UUID) -> AgreementVersion:
    """One version. Raises NotKnown for none."""
    rows = AgreementVersion.objects.select_related("added_by").prefetch_related(
        "signatures__agency", "signatures__withdrawn_by", "assessments", "ends__changed_by"
    )
    found = rows.filter(pk=agreement_id).first()
    if found is None:
        raise NotKnown("no_agreement_version")
    return found


def signature_by(signature_id: UUID) -> AgreementSignature:
    """One signature that holds. Raises NotKnown for none."""
    rows = AgreementSignature.objects.select_related("agreement", "agency").filter(withdrawn_on=None)
    found = rows.filter(pk=signature_id).first()
    if found is None:
        raise NotKnown("no_signature")
    return found


def standings() -> list[Standing]:
    """Every agency by name, with the signature by which it is covered longest."""
    held: dict[UUID, list[AgreementSignature]] = defaultdict(list)
    for row in AgreementSignature.objects.filter(withdrawn_on=None).select_related("agreement"):
        held[row.agency_id].append(row)
    return [
        Standing(agency, max(held[agency.pk], key=lambda row: (row.agreement.ends_on, row.signed_on), default=None))
        for agency in Agency.objects.filter(ended_on=None).order_by("name")
    ]


def agencies_to_sign(agreement: AgreementVersion) -> list[Agency]:
    """The agencies that have not signed a version, by name."""
    signed = agreement.signatures.filter(withdrawn_on=None).values("agency_id")
    return list(Agency.objects.filter(ended_on=None).exclude(pk__in=signed).order_by("name"))


def signed_by(agency_ids: Iterable[UUID]) -> dict[UUID, list[Signed]]:
    """What agencies have signed, as the rule reads it."""
    found: dict[UUID, list[Signed]] = {agency_id: [] for agency_id in agency_ids}
    for row in AgreementSignature.objects.filter(agency_id__in=list(found)).select_related("agreement"):
        version = row.agreement
        found[row.agency_id].append(Signed(version.in_force_from, version.ends_on, row.signed_on, row.withdrawn_on))
    return found


def agreements_to_renew(at: datetime) -> QuerySet[Any]:
    """For each agency the signature that covers it longest, as the sweep asks for what should have a clock.

    A manager of the agency owes it, or the agency where nobody manages it.
    """
    today = timezone.localdate(at)
    rows = AgreementSignature.objects.filter(withdrawn_on=None, agency__ended_on=None, recorded_at__lte=at)
    later = AgreementSignature.objects.filter(agency=OuterRef("agency"), withdrawn_on=None).filter(
        Q(agreement__ends_on__gt=OuterRef("agreement__ends_on"))
        | Q(agreement__ends_on=OuterRef("agreement__ends_on"), pk__gt=OuterRef("pk"))
    )
    managers = Membership.objects.current(today).filter(agency=OuterRef("agency"), role__in=MANAGING)
    rows = rows.exclude(Exists(later)).annotate(
        manager=Subquery(managers.order_by("user__full_name", "pk").values("pk")[:1])
    )
    return should_run(
        rows,
        anchored_at="recorded_at",
        due_on="agreement__ends_on",
        owner_membership_id="manager",
        owner_group_id="agency__group_id",
    )


def agreement_addresses(signature_ids: list[UUID]) -> dict[UUID, str]:
    """The page of the version that each signature is of."""
    rows = AgreementSignature.objects.filter(pk__in=signature_ids).values_list("pk", "agreement_id")
    return {pk: reverse("cases:agreement", args=[agreement_id]) for pk, agreement_id in rows}


def next_number() -> int:
    """The number of the next version."""
    latest = AgreementVersion.objects.order_by("-number").values_list("number", flat=True).first()
    return (latest or 0) + 1


def current_version(on: date) -> AgreementVersion | None:
    """The latest version that is current on a day."""
    rows = AgreementVersion.objects.filter(in_force_from__lte=on, ends_on__gte=on)
    return rows.order_by("-number").first()
