"""How many pairs the rule gets right, on descriptions made from a fixed seed: the figures are in the test's report."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from cases.record.rules.matching import Band, Known, Place, compare, read_variants

BODY = Path(__file__).resolve().parents[2] / "cases" / "definitions" / "names" / "name_variants_v1.toml"
VARIANTS = read_variants(BODY.read_text(encoding="utf-8"))
ON = date(2026, 3, 2)
GIVEN = (
    "Alfie Amelia Ava Aisha Bilal Caroline Charlie Chloe Daniel Elizabeth Ethan Fatima Grace Hamza Isabella Jack Jakub "
    "Jayden Jessica Kayleigh Khadija Leo Lily Mohammed Mia Michael Noah Olivia Oluwaseun Poppy Rebecca Samuel Sarah "
    "Sofia Thomas Tyler William Yusuf Zainab Zoe"
)
FAMILY = (
    "Ahmed Ali Begum Bright Brown Carter Davies Dunmore Evans Fletcher Frost Green Hall Hussain Jones Kaur Khan "
    "Kowalski Lewis Marsh Nowak O’Brien Okafor Patel Pryor Shah Singh Smith Taylor Walker Whitmarsh Wilson "
    "Wright Xu Young"
)
SPOKEN = {"Mohammed": "Muhammad", "Khan": "Kahn", "Smith": "Smyth", "Aisha": "Ayesha", "Zoe": "Zoë", "Davies": "Davis"}
SHORT = {
    "Elizabeth": "Liz",
    "Caroline": "Caz",
    "Jakub": "Kuba",
    "Rebecca": "Becky",
    "William": "Billy",
    "Samuel": "Sam",
}
PEOPLE, ASKED = 400, 150


def person(rng: random.Random) -> Known:
    home = Place(
        f"{rng.randrange(1, 60)} {rng.choice(['Mill Lane', 'Tannery Row'])}",
        f"NM{rng.randrange(1, 10)} {rng.randrange(1, 10)}AA",
    )
    return Known(
        rng.choice(GIVEN.split()),
        rng.choice(FAMILY.split()),
        birth_date=date(2008, 6, 1) + timedelta(days=rng.randrange(3000)),
        schools=(f"{rng.choice(['Hollybank', 'Ashfield', 'Oakfield', 'St Anne’s'])} School",),
        places=(home,),
    )


def misheard(child: Known, rng: random.Random) -> Known:
    """The child as a hurried person writes it down: up to two faults, and some boxes left empty."""
    given, family, born = child.given_name, child.family_name, child.birth_date
    assert born is not None
    for fault in rng.sample(["spoken", "short", "letter", "born", "swap", "none", "none"], 2):
        if fault == "spoken":
            given, family = SPOKEN.get(given, given), SPOKEN.get(family, family)
        elif fault == "short":
            given = SHORT.get(given, given)
        elif fault == "letter" and len(family) > 4:
            spot = rng.randrange(1, len(family) - 2)
            family = family[:spot] + family[spot + 1] + family[spot] + family[spot + 2 :]
        elif fault == "swap":
            given, family = family, given
        elif fault == "born" and born is not None:
            born = rng.choice(
                [born.replace(year=born.year + 1, day=min(born.day, 28)), None, born.replace(day=born.day % 28 + 1)]
            )
    return Known(
        given,
        family,
        birth_date=born,
        age=None if born else 2026 - child.birth_date.year,  # type: ignore[union-attr]
        schools=child.schools if rng.random() < 0.8 else (),
        places=child.places if rng.random() < 0.6 else (),
    )


def test_precision_and_recall_hold(record_property: Callable[[str, object], None]) -> None:
    rng = random.Random(20260302)
    people = [person(rng) for _ in range(PEOPLE)]
    right = wrong = missed = strangers_matched = 0
    for _ in range(ASKED):
        child = rng.choice(people)
        asked = misheard(child, rng)
        for held in people:
            likely = compare(asked, held, variants=VARIANTS, on=ON).band in (Band.LIKELY, Band.VERY_LIKELY)
            right += likely and held is child
            wrong += likely and held is not child
            missed += not likely and held is child
        stranger = person(rng)
        strangers_matched += any(
            compare(stranger, held, variants=VARIANTS, on=ON).band in (Band.LIKELY, Band.VERY_LIKELY) for held in people
        )
    precision, recall = right / (right + wrong), right / (right + missed)
    figures = {"precision": precision, "recall": recall, "strangers matched": strangers_matched / ASKED}
    for name, value in figures.items():
        record_property(name, f"{value:.3f}")
    assert precision >= 0.97, figures
    assert recall >= 0.93, figures
    assert figures["strangers matched"] <= 0.05, figures
