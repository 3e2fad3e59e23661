"""A child who is described, beside the files that may be theirs: of each as much as the viewer sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.rules.dates import age_in_years, day, moment
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Level, Matrix, category_levels
from cases.access.selectors import facts_of, matrix_in_force
from cases.presenters.shares import wish_words
from cases.record.models import Address, Child
from cases.record.rules.matching import Band
from cases.record.selectors.matching import Candidate, homes_of, leads_of, schools_of
from cases.sharing.selectors.shares import wishes_on

BAND_WORDS = {Band.VERY_LIKELY: "Very likely", Band.LIKELY: "Likely", Band.POSSIBLE: "Possible"}
BAND_TONE = {Band.VERY_LIKELY: "serious", Band.LIKELY: "watch", Band.POSSIBLE: "plain"}
NOT_SHOWN = "Not shown to you"
WISH = "The child on who may know"


def beside(
    said: Mapping[str, str],
    candidates: list[Candidate],
    *,
    viewer: Viewer,
    at: datetime,
    title: str,
    unprinted: Collection[str] = (),
) -> dict[str, Any]:
    """What was said of a child, and the likely files: a row for each key of `said`, in its order.

    For `cases/_beside.html`; `title` heads what was said; what was said under a key of `unprinted` is left off paper.
    """
    children = [candidate.child for candidate in candidates]
    matrix = matrix_in_force(on=timezone.localdate(at))
    leads, schools, homes = leads_of(children), schools_of(children), homes_of(children)
    wishes = wishes_on([child.pk for child in children]) if WISH in said else {}
    files = [
        _candidate(
            candidate,
            levels=levels_on(candidate.child, viewer, matrix),
            school=schools.get(candidate.child.pk, ""),
            homes=homes.get(candidate.child.pk, []),
            lead=str(leads[candidate.child.pk].membership.user) if candidate.child.pk in leads else "",  # type: ignore[union-attr]
            wish=wish_words(wishes.get(candidate.child.pk)),
            today=timezone.localdate(at),
        )
        for candidate in candidates
    ]
    return {
        "title": title,
        "files": files,
        "rows": [
            {
                "key": key,
                "said": value,
                "no_print": key in unprinted,
                "held": [file["facts"][key] for file in files],
            }
            for key, value in said.items()
        ],
    }


def levels_on(child: Child, viewer: Viewer, matrix: Matrix) -> dict[str, Level]:
    """How much of each category a viewer sees of a file that `visible_to` gave."""
    return category_levels(viewer, facts_of(child), matrix)


def _candidate(
    candidate: Candidate,
    *,
    levels: dict[str, Level],
    school: str,
    homes: list[Address],
    lead: str,
    wish: str,
    today: date,
) -> dict[str, Any]:
    child, match = candidate.child, candidate.match
    facts = _facts(child, levels=levels, school=school, homes=homes, lead=lead, today=today)
    facts[WISH] = wish if levels[Category.SHARING] == Level.FULL else NOT_SHOWN
    reasons = [reason.text for reason in match.reasons if levels[reason.category] == Level.FULL]
    return {
        "id": str(child.pk),
        "reference": child.reference,
        "href": reverse("cases:file", args=[child.reference]),
        "band": BAND_WORDS[match.band],
        "tone": BAND_TONE[match.band],
        "reasons": reasons,
        "facts": facts,
        "choice": f"{child.reference}, {facts['Name']}",
        "hint": f"{BAND_WORDS[match.band]}: {'; '.join(reasons)}" if reasons else BAND_WORDS[match.band],
    }


def _facts(
    child: Child, *, levels: dict[str, Level], school: str, homes: list[Address], lead: str, today: date
) -> dict[str, str]:
    identity, home = levels[Category.IDENTITY], levels[Category.CONTACT_ADDRESS]
    age = age_in_years(child.birth_date, today)
    facts = {
        "Name": f"{child.given_name} {child.family_name}".strip() if identity == Level.FULL else child.called,
        "Also called": child.preferred_name,
        "Date of birth": f"{day(child.birth_date)} (age {age})" if child.birth_date else "",
        "School": school,
        "Address": "; ".join(f"{row.lines}, {row.postcode}" for row in homes),
        "Level": child.get_level_display() if levels[Category.LEVEL] >= Level.SUMMARY else NOT_SHOWN,
        "Lead": lead,
        "Missing now": f"Since {moment(child.missing_since)}" if child.missing_since else "",
    }
    if identity == Level.SUMMARY:
        facts["Date of birth"] = f"Age {age}" if age is not None else ""
    elif identity < Level.SUMMARY:
        facts |= dict.fromkeys(("Name", "Also called", "Date of birth", "School", "Lead"), NOT_SHOWN)
    if home < Level.FULL:
        facts["Address"] = ", ".join(row.area for row in homes if row.area) if home == Level.SUMMARY else NOT_SHOWN
    return facts
