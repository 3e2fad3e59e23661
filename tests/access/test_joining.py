"""Who may join an agency: one health service an agency, since what is its own there is the agency's.

Seen to fail: a rule that lets everybody in (every row with somebody of another service).
"""

from __future__ import annotations

import pytest

from accounts.choices import Sector
from accounts.rules.joining import SERVICES, check_may_join
from accounts.rules.life import AccountRefused
from accounts.rules.roles import ROLES

NURSE, CAMHS, PREGNANCY = "health_sexual_health", "health_camhs", "health_teenage_pregnancy"


def refusal(role: str, held: list[str], sector: str, own: str = "") -> AccountRefused | None:
    try:
        check_may_join(role, agency="Tideway", sector=sector, held=held, own=own)
    except AccountRefused as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("sector", "role", "held", "joins"),
    [
        ("health", NURSE, [], True),
        ("health", NURSE, [NURSE, NURSE], True),
        ("health", PREGNANCY, [NURSE], False),
        ("health", NURSE, [PREGNANCY, NURSE], False),
        ("health", CAMHS, [NURSE, PREGNANCY], False),
        # Whoever opens files there is of that service; who only refers or counts reads nothing, and is of none.
        ("health", "csc_social_worker", [NURSE], False),
        ("health", NURSE, ["csc_social_worker"], False),
        ("health", "data_guardian", [NURSE], False),
        ("health", "notification_only", [NURSE], True),
        ("health", NURSE, ["notification_only", "board_analyst", "technical_admin"], True),
        ("health", "board_analyst", [NURSE], True),
        # Elsewhere people of many roles are one agency; those of two health services are not, also where seconded.
        ("specialist", "specialist_manager", ["specialist_keyworker", NURSE], True),
        ("specialist", NURSE, ["specialist_keyworker", "notification_only"], True),
        ("specialist", NURSE, [NURSE], True),
        ("specialist", CAMHS, ["specialist_keyworker", NURSE], False),
        ("police", "police_officer", ["police_missing", "police_exploitation"], True),
        ("partnership", "coordinator", ["panel_chair", "data_guardian"], True),
    ],
)
def test_a_health_service_is_an_agency_of_its_own(sector: str, role: str, held: list[str], joins: bool) -> None:
    refused = refusal(role, held, sector)
    assert (refused is None) is joins
    assert refused is None or (refused.field, refused.denies) == ("agency", False)


@pytest.mark.parametrize(
    ("sector", "role", "held", "words"),
    [
        (
            "health",
            PREGNANCY,
            [NURSE],
            "Tideway is the agency of the sexual health service, and the people of one agency read each other’s "
            "sensitive entries: enter the teenage pregnancy service as an agency of its own",
        ),
        (
            "health",
            "health_drug_alcohol",
            [NURSE, CAMHS, NURSE],
            "Tideway is the agency of CAMHS and the sexual health service, and the people of one agency read each "
            "other’s sensitive entries: enter the drug and alcohol service as an agency of its own",
        ),
        (
            "specialist",
            CAMHS,
            [NURSE, "specialist_keyworker"],
            "Tideway has people of the sexual health service, and the people of one agency read each other’s "
            "sensitive entries: enter CAMHS as an agency of its own",
        ),
        (
            "health",
            "csc_social_worker",
            [NURSE],
            "Tideway is the agency of the sexual health service, and the people of one agency read each other’s "
            "sensitive entries: choose another agency for a social worker",
        ),
        (
            "health",
            NURSE,
            ["csc_social_worker", "education_welfare"],
            "Tideway is the agency of a social worker and an education welfare officer, and the people of one agency "
            "read each other’s sensitive entries: enter the sexual health service as an agency of its own",
        ),
    ],
)
def test_the_refusal_says_whose_agency_it_is_and_what_to_do(sector, role, held, words) -> None:
    refused = refusal(role, held, sector)
    assert refused is not None
    assert refused.reason == words


@pytest.mark.parametrize(
    ("role", "way_on"),
    [(CAMHS, "choose Northmere CAMHS, which is the agency of CAMHS"), ("early_help", "choose another agency for an ")],
)
def test_the_refusal_names_the_agency_that_a_service_has_already(role, way_on) -> None:
    refused = refusal(role, [NURSE], "health", "Northmere CAMHS")
    assert refused is not None
    assert f"entries: {way_on}" in refused.reason


def test_each_role_of_health_is_a_service_with_a_name() -> None:
    assert set(SERVICES) == {role.key for role in ROLES.values() if role.sector == Sector.HEALTH}
    assert len(set(SERVICES.values())) == len(SERVICES)
