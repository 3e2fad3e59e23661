"""The register of agreements in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.models import Agency
from accounts.rules.agreements import is_covered
from accounts.rules.dates import day
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from cases.presenters.home import HomeBlock, HomeItem, HomeSection
from cases.sharing.models.agreements import AgreementSignature, AgreementVersion
from cases.sharing.selectors.agreements import Standing

Cell = dict[str, Any]
STANDING_COLUMNS = [{"text": text} for text in ("Agency", "Standing", "Signed", "Controller", "Data protection")]
VERSION_COLUMNS = [{"text": text} for text in ("Version", "In force", "Signed by", "Impact assessments")]
SIGNATURE_COLUMNS = [{"text": text} for text in ("Agency", "Signed", "Controller", "Data protection")]
ASSESSMENT_COLUMNS = [{"text": text} for text in ("Reference", "What it covers", "Done", "To be reviewed")]
END_COLUMNS = [{"text": text} for text in ("When", "From", "To", "Why", "By")]
NOBODY = "No agreement, no files"
MANAGERS_TOLD, EVERYBODY_TOLD = timedelta(days=60), timedelta(days=14)


def version_rows(versions: Iterable[AgreementVersion], *, today: date) -> list[list[Cell]]:
    """Every version for `components/table.html`."""
    return [
        [
            {"text": str(row), "href": reverse("cases:agreement", args=[row.pk]), "hint": row.summary},
            {"text": f"{day(row.in_force_from)} to {day(row.ends_on)}", "hint": version_standing(row, today=today)},
            {"text": str(sum(1 for one in row.signatures.all() if one.withdrawn_on is None))},
            {"text": ", ".join(one.reference for one in row.assessments.all()) or "None"},
        ]
        for row in versions
    ]


def version_standing(version: AgreementVersion, *, today: date) -> str:
    """Whether a version is current."""
    if today < version.in_force_from:
        return "Not in force yet"
    if today > version.ends_on:
        return "Ended"
    return "Ends soon" if version.ends_on - today <= MANAGERS_TOLD else "Current"


def standing_rows(standings: Iterable[Standing], *, today: date) -> list[list[Cell]]:
    """Every agency with what it has signed: those that are not covered first, then those whose cover ends soon."""

    def urgency(one: Standing) -> int:
        if not is_covered(one.agency.covered, today):
            return 0
        ends_soon = one.signature is not None and one.signature.agreement.ends_on - today <= MANAGERS_TOLD
        return 1 if ends_soon else 2

    rows = sorted(standings, key=urgency)
    return [[{"text": one.agency.name}, _standing(one, today), *_signature(one.signature)] for one in rows]


def _standing(standing: Standing, today: date) -> Cell:
    agency, signature = standing.agency, standing.signature
    if not is_covered(agency.covered, today):
        return {"text": NOBODY, "tone": "urgent"}
    until = signature.agreement.ends_on if signature else None
    if until is not None and until - today <= MANAGERS_TOLD:
        return {"text": f"Ends {day(until)}", "tone": "watch"}
    return {"text": f"Until {day(until)}" if until else "Covered"}


def _signature(signature: AgreementSignature | None) -> list[Cell]:
    if signature is None:
        return [{"text": "Nothing signed"}, {"text": ""}, {"text": ""}]
    return [
        {
            "text": f"{signature.agreement}, {day(signature.signed_on)}",
            "href": reverse("cases:agreement", args=[signature.agreement_id]),
        },
        {"text": signature.controller},
        {"text": signature.protection_contact},
    ]


def version_facts(version: AgreementVersion, *, today: date) -> list[Cell]:
    """One version for `components/summary_list.html`."""
    return [
        {"key": "Standing", "value": version_standing(version, today=today)},
        {"key": "In force from", "value": day(version.in_force_from)},
        {"key": "Last day", "value": day(version.ends_on)},
        {"key": "Document", "value": version.document},
        {"key": "What is new", "value": version.summary or "Nothing is written down"},
        {"key": "Written down by", "value": f"{version.added_by}, {day(version.added_at)}"},
    ]


def signature_rows(version: AgreementVersion, *, keeps: bool) -> list[list[Cell]]:
    """Who has signed a version, by agency; for who keeps the register, with the way to take a signature back."""
    rows = sorted(version.signatures.all(), key=lambda one: (one.agency.name, one.signed_on))
    return [_signed(row, keeps=keeps) for row in rows]


def _signed(row: AgreementSignature, *, keeps: bool) -> list[Cell]:
    signed: Cell = {"text": f"{day(row.signed_on)}, by {row.signed_by}"}
    if row.withdrawn_on is not None:
        signed["hint"] = f"Taken back {day(row.withdrawn_on)} by {row.withdrawn_by}: {row.withdrawn_why}"
    cells: list[Cell] = [{"text": row.agency.name}, signed, {"text": row.controller}, {"text": row.protection_contact}]
    if keeps:
        held = row.withdrawn_on is None
        href = reverse("cases:take_back_signature", args=[row.pk])
        cells.append({"text": f"Take back {row.agency.name}’s", "href": href} if held else {"text": ""})
    return cells


def signature_columns(*, keeps: bool) -> list[dict[str, str]]:
    """The headings of `signature_rows`."""
    return [*SIGNATURE_COLUMNS, {"text": "Change"}] if keeps else SIGNATURE_COLUMNS


def assessment_rows(version: AgreementVersion, *, today: date) -> list[list[Cell]]:
    """The impact assessments behind a version, the latest first."""
    rows = sorted(version.assessments.all(), key=lambda one: (one.done_on, one.reference), reverse=True)
    return [
        [
            {"text": row.reference},
            {"text": row.about},
            {"text": day(row.done_on)},
            {"text": f"{day(row.review_on)}, late", "tone": "urgent"}
            if row.review_on < today
            else {"text": day(row.review_on)},
        ]
        for row in rows
    ]


def end_rows(version: AgreementVersion) -> list[list[Cell]]:
    """Each change of a version's last day, the latest first."""
    rows = sorted(version.ends.all(), key=lambda one: (one.changed_at, one.pk), reverse=True)
    return [
        [
            {"text": day(row.changed_at)},
            {"text": day(row.ended_on_before)},
            {"text": day(row.ends_on)},
            {"text": row.reason},
            {"text": str(row.changed_by)},
        ]
        for row in rows
    ]


def agencies_to_choose(agencies: Iterable[Agency]) -> list[tuple[str, str]]:
    """Agencies for a select."""
    return [(str(agency.pk), agency.name) for agency in agencies]


def agreement_blocks(viewer: Viewer, at: datetime) -> list[HomeBlock]:
    """Their own agency's agreement ends soon: its managers are told from 60 days before, everybody else from 14.

    Once it has ended, every page says so.
    """
    ends_on = viewer.covered_until
    if ends_on is None or not viewer.may(Capability.READ_FILES):
        return []
    told = MANAGERS_TOLD if viewer.may(Capability.REVIEW_ACCESS) else EVERYBODY_TOLD
    if ends_on - timezone.localdate(at) > told:
        return []
    line: HomeItem = {
        "text": f"Your agency’s agreement ends on {day(ends_on)}",
        "href": reverse("cases:agreements"),
        "meta": "From the day after, people there see only the files that are open to them by name",
    }
    return [HomeBlock(HomeSection.WAITING, "Information-sharing agreement", [line])]
