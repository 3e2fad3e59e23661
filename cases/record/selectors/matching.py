"""Files that may be about a child who is described: a wide net in PostgreSQL, then the rule that weighs each.

Runs as the system principal `matching`, which reads every file. What a person may see of the result is decided
afterwards, by `parted_for` alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.rules.postcodes import postcode_key
from accounts.rules.viewers import SystemPrincipal, Viewer, system_viewer
from accounts.selectors.definitions import definition_in_force
from cases.access.choices import Category, Cell
from cases.access.selectors import matrix_in_force
from cases.record.models import Address, Alias, Child, Involvement, SchoolPeriod
from cases.record.rules.matching import (
    POSSIBLE,
    Band,
    Known,
    Match,
    Place,
    Variants,
    age_fits,
    called_alike,
    compare,
    near_birth_dates,
    read_variants,
    swapped_birth_date,
)
from cases.record.rules.names import forms_of, joined, words_of
from cases.record.selectors.lists import files_called

SHOWN_MOST = 8
# The functions are those of cases/migrations/0001: letters only, without case or accents; how a name sounds.
# Every statement below is made of these constants alone; what people typed travels as parameters.
# ruff: noqa: S608
NAME = "normalised_name(%s::text)"
SOUND = "dmetaphone(normalised_name(%s::text))"
FAMILY_SOUND, GIVEN_SOUND = "dmetaphone(normalised_name(family_name))", "dmetaphone(normalised_name(given_name))"
BY_NAME = f"SELECT id FROM cases_child WHERE sort_key %% {NAME}"
PREFERRED_SOUND = "dmetaphone(normalised_name(preferred_name))"
BY_SOUND = f"""SELECT id FROM cases_child WHERE {FAMILY_SOUND} = {SOUND} AND {FAMILY_SOUND} <> ''
    AND {SOUND} IN ({GIVEN_SOUND}, {PREFERRED_SOUND})"""
BY_FORM_OF_NAME = f"""SELECT id FROM cases_child WHERE {FAMILY_SOUND} = {SOUND}
    AND (normalised_name(given_name) = ANY(%s) OR normalised_name(preferred_name) = ANY(%s))"""
BY_OTHER_NAME = f"SELECT child_id FROM cases_alias WHERE normalised_name(name) %% {NAME}"
BY_BIRTH_DATE = "SELECT id FROM cases_child WHERE birth_date = ANY(%s)"
BY_NEAR_BIRTH_DATE = f"""SELECT id FROM cases_child WHERE birth_date = ANY(%s)
    AND (similarity(sort_key, {NAME}) > 0.1 OR {FAMILY_SOUND} = {SOUND} OR {GIVEN_SOUND} = {SOUND}
    OR normalised_name(given_name) = ANY(%s) OR normalised_name(preferred_name) = ANY(%s)
    OR EXISTS (SELECT 1 FROM cases_alias WHERE cases_alias.child_id = cases_child.id))"""
BY_POSTCODE = "SELECT child_id FROM cases_address WHERE upper(replace(postcode, ' ', '')) = %s AND NOT protected"


@dataclass(frozen=True)
class Candidate:
    """A file that may be the child's, and why. `child` carries the facts of the viewer it was found for, if any."""

    child: Child
    match: Match

    @property
    def is_likely(self) -> bool:
        return self.match.band in (Band.LIKELY, Band.VERY_LIKELY)


@dataclass(frozen=True)
class Found:
    """What the rule found, parted by what one viewer may know of."""

    shown: list[Candidate]
    hidden: list[Candidate]


def name_variants(*, on: date) -> Variants:
    """The adopted forms of given names on a date."""
    return read_variants(definition_in_force("name_variants", "name_variants", on=on).body)


def likely_files(asked: Known, *, at: datetime) -> list[Candidate]:
    """Every file that may be about a child who is described, likeliest first, whoever may see it.

    For the system's own use: a page shows what `parted_for` lets it.
    """
    on = timezone.localdate(at)
    variants = name_variants(on=on)
    found = [
        Candidate(child.merged_into or child, match)
        for child, held in _files(block(asked, variants=variants), at)
        if (match := compare(asked, held, variants=variants, on=on)).band != Band.NONE
    ]
    best: dict[UUID, Candidate] = {}
    for candidate in sorted(found, key=lambda one: (-one.match.score, one.child.sort_key, one.child.reference)):
        best.setdefault(candidate.child.pk, candidate)
    return list(best.values())


def parted_for(everything: list[Candidate], *, asked: Known, viewer: Viewer, at: datetime) -> Found:
    """Likely files parted into those the viewer may know of, with its facts on each, and the others.

    Of what is hidden nothing may reach the viewer: no count, no order, no gap. Shown are at most eight. To somebody who
    sees identity in summary a file is shown by what the summary holds alone, because being shown is telling: by another
    name, the family name or the day of birth nobody finds a child whom they may not know by them.
    """
    if matrix_in_force(on=timezone.localdate(at)).cell(viewer.role_key, Category.IDENTITY) == Cell.SUMMARY:
        shown = _alike_in_summary(asked, viewer=viewer, at=at)[:SHOWN_MOST]
        ids = {one.child.pk for one in shown}
        return Found(shown, [one for one in everything if one.child.pk not in ids])
    visible = Child.objects.visible_to(viewer, at=at).in_bulk([one.child.pk for one in everything])
    shown = [Candidate(visible[one.child.pk], one.match) for one in everything if one.child.pk in visible]
    return Found(shown[:SHOWN_MOST], [one for one in everything if one.child.pk not in visible])


def _alike_in_summary(asked: Known, *, viewer: Viewer, at: datetime) -> list[Candidate]:
    """The viewer's files of children who are called so and whose age fits, each as no more than possible."""
    on, match = timezone.localdate(at), Match(POSSIBLE, Band.POSSIBLE, ())
    variants = name_variants(on=on)
    words = " ".join(sorted({name for form in forms_of(asked) for name in _names_like(form.given, variants)}))
    found = []
    for child in files_called(viewer, words=words, at=at):
        held = Known(child.called, birth_date=child.birth_date)
        if called_alike(asked, held, variants=variants) and age_fits(asked, held, on=on):
            found.append(Candidate(child, match))
    return found


def block(asked: Known, *, variants: Variants) -> set[UUID]:
    """Ids of the files worth comparing, merged ones included: alike in name, sound, birth date or postcode."""
    parts = list(_name_blocks(asked, variants))
    key = f"{asked.family_name} {asked.given_name}"
    if asked.birth_date is not None:
        exact = [day for day in (asked.birth_date, swapped_birth_date(asked.birth_date)) if day is not None]
        near = sorted(near_birth_dates(asked.birth_date))
        parts.append((BY_BIRTH_DATE, [exact]))
        names = sorted({name for form in forms_of(asked) for name in _names_like(form.given, variants)})
        parts.append((BY_NEAR_BIRTH_DATE, [near, key, asked.family_name, asked.given_name, names, names]))
    parts += [(BY_POSTCODE, [postcode_key(place.postcode)]) for place in asked.places if place.postcode]
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ".join(f"({sql})" for sql, _ in parts), [value for _, values in parts for value in values]
        )
        return {row[0] for row in cursor.fetchall()}


def _name_blocks(asked: Known, variants: Variants) -> Iterable[tuple[str, list[Any]]]:
    yield BY_NAME, [f"{asked.family_name} {asked.given_name}"]
    as_written = joined(words_of(asked.family_name))
    for form in forms_of(asked):
        given, family = joined(form.given), joined(form.family)
        yield BY_NAME, [f"{family} {given}"]
        yield BY_OTHER_NAME, [f"{given} {family}"]
        yield BY_OTHER_NAME, [given]
        if not family:
            continue
        names = sorted(_names_like(form.given, variants))
        for whole in sorted({family, as_written} - {""}):
            yield BY_SOUND, [whole, given]
            yield BY_SOUND, [given, whole]
        for word in sorted({family, as_written, *form.family} - {""}):
            yield BY_FORM_OF_NAME, [word, names, names]


def described(ids: Iterable[UUID], *, at: datetime) -> list[tuple[UUID, Known]]:
    """What is known of some files, each under the file of the child that lives on. For the system's own use."""
    return [(child.merged_into_id or child.pk, known) for child, known in _files(set(ids), at)]


def _names_like(given: tuple[str, ...], variants: Variants) -> set[str]:
    return {other for word in (joined(given), *given) for other in variants.of(word)}


def _files(ids: set[UUID], at: datetime) -> list[tuple[Child, Known]]:
    """The files and what is known of each; protected addresses are left out, so that no reason can tell one."""
    system = system_viewer(SystemPrincipal.MATCHING)
    children = list(Child.objects.visible_to(system, at=at).filter(pk__in=ids).select_related("merged_into"))
    aliases, schools, places = defaultdict(list), defaultdict(list), defaultdict(list)
    for child_id, name in Alias.objects.filter(child_id__in=ids).values_list("child_id", "name"):
        aliases[child_id].append(name)
    for child_id, school in SchoolPeriod.objects.filter(child_id__in=ids).values_list("child_id", "school"):
        schools[child_id].append(school)
    rows = Address.objects.filter(child_id__in=ids, protected=False).values_list("child_id", "lines", "postcode")
    for child_id, lines, postcode in rows:
        places[child_id].append(Place(lines, postcode))
    return [(child, _known(child, aliases[child.pk], schools[child.pk], places[child.pk])) for child in children]


def _known(child: Child, aliases: list[str], schools: list[str], places: list[Place]) -> Known:
    return Known(
        given_name=child.given_name,
        family_name=child.family_name,
        preferred_name=child.preferred_name,
        other_names=tuple(name for name in aliases if words_of(name)),
        birth_date=child.birth_date,
        birth_date_estimated=child.birth_date_estimated,
        sex=child.sex,
        schools=tuple(schools),
        places=tuple(places),
    )


def leads_of(children: list[Child]) -> dict[Any, Involvement]:
    """The open leads of several files, by file id: one query."""
    rows = Involvement.objects.filter(child__in=[child.pk for child in children], is_lead=True, ended_on=None)
    return {row.child_id: row for row in rows.select_related("membership__user", "membership__agency")}


def schools_of(children: list[Child]) -> dict[Any, str]:
    """The school each child is on the roll of now, by file id: one query."""
    rows = SchoolPeriod.objects.filter(child__in=[child.pk for child in children], ended_on=None)
    return dict(rows.values_list("child_id", "school"))


def homes_of(children: list[Child]) -> dict[Any, list[Address]]:
    """Where each child lives or stays now, by file id, protected addresses left out: one query."""
    rows = Address.objects.filter(child__in=[child.pk for child in children], ended_on=None, protected=False)
    found: dict[Any, list[Address]] = {}
    for address in rows.order_by("started_on", "pk"):
        found.setdefault(address.child_id, []).append(address)
    return found
