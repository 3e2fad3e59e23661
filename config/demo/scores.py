"""Answers to the Risk Factor Matrix over a child's time with the partnership."""

from __future__ import annotations

import random
from dataclasses import dataclass

from cases.record.choices import Disability, HarmStatus, PlacementKind
from config.demo.children import ChildPlan
from risk.scoring import Answer

# Indicators that a published figure is about are ticked for the children drawn for it and for nobody else.
CODE_OF_TRAIT = {
    "not_in_school": "A4",
    "missing": "A2",
    "substances": "D3",
    "self_harm": "E3",
    "sexual_health": "E2",
    "injuries": "E1",
    "offending": "D4",
}
OTHER_CODES = ("A1", "A3", "B1", "B2", "B3", "B4", "C1", "C2", "C3", "C4", "D1", "D2", "E4")
SERIOUS = {"sexual": ("F4", "F2", "F1"), "criminal": ("F3", "F5"), "online": ("F4", "F1"), "missing": ("F2", "F5")}
STARTING = {HarmStatus.VULNERABLE: (1, 4), HarmStatus.SUSPECTED: (4, 8), HarmStatus.KNOWN: (7, 11)}
STEP = {"falling": (-2, -1), "rising": (0, 2), "steady": (0, 0), "wavering": (-2, 2)}


@dataclass
class Course:
    """How the Matrix would be filled in for one child, assessment after assessment."""

    rng: random.Random
    plan: ChildPlan

    def __post_init__(self) -> None:
        own = [code for trait, code in CODE_OF_TRAIT.items() if self.plan.traits.get(trait)]
        others = list(OTHER_CODES)
        if self.plan.age_on(self.plan.notified_on) < 13:
            others.remove("C2")
        self.rng.shuffle(own)
        self.rng.shuffle(others)
        self.own = len(own)
        self.order = own + others
        self.rng.shuffle(self.order)
        self.own_codes = own
        self.strength = self.rng.randint(*STARTING[self.plan.harm])
        self.number = 0
        self.vulnerabilities = self._vulnerabilities()

    def harm(self) -> HarmStatus:
        """What is known of harm at this assessment: where risk rises, it is known later than it is suspected."""
        if self.plan.harm == HarmStatus.KNOWN and self.plan.course == "rising" and self.number < 2:
            return HarmStatus.SUSPECTED
        return self.plan.harm

    def next(self) -> dict[str, Answer]:
        """The answers at the next assessment."""
        ticked = self.order[: max(0, self.strength)]
        if self.number == 0:
            ticked = list(dict.fromkeys([*self.own_codes, *ticked]))[: max(self.own, self.strength)]
        if self.harm() == HarmStatus.KNOWN and self.strength >= 7:
            ticked = [*ticked, self.rng.choice(SERIOUS[self.plan.exploitation])]
        answers = {code: Answer("possible" if self.rng.random() < 0.15 else "yes") for code in ticked}
        for code in self.order:
            if code not in answers and self.rng.random() < 0.8:
                answers[code] = Answer("no" if self.rng.random() < 0.7 else "not_known")
        self.number += 1
        self.strength = min(12, max(0, self.strength + self.rng.randint(*STEP[self.plan.course])))
        return {**answers, **self.vulnerabilities}

    def at_notification(self) -> dict[str, Answer]:
        """What a referrer knows: part of what the first assessment will find."""
        kept = self.order[: max(1, round(self.strength * 0.7))]
        return {code: Answer("possible" if self.rng.random() < 0.25 else "yes") for code in kept}

    def _vulnerabilities(self) -> dict[str, Answer]:
        found = set(self.rng.sample(["V03", "V05", "V08", "V10", "V11", "V14", "V15"], k=self.rng.randint(0, 3)))
        found |= {"V06"} if self.plan.disability == Disability.LEARNING else set()
        found |= {"V12"} if self.plan.placement == PlacementKind.RESIDENTIAL else set()
        found |= {"V13"} if self.plan.placement == PlacementKind.SUPPORTED else set()
        found |= {"V07"} if self.rng.random() < 0.04 else set()
        answers = {code: Answer("yes") for code in sorted(found)}
        if self.rng.random() < 0.5:
            answers["V01"] = Answer("yes", parts=(self.rng.choice(["V01A", "V01B", "V01C"]),))
        if self.rng.random() < 0.35:
            answers["V02"] = Answer("yes", parts=(self.rng.choice(["V02D", "V02E", "V02F"]),))
        return answers
