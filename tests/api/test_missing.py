"""A police system opens an episode and closes it; it is never told whether the child was known.

Seen to fail: the answer of the episode in place of the report's; a second report about one child refused; the body's
hash left out; the lock left out, so that two of one key both opened an episode; an unknown field let through.
"""

from __future__ import annotations

import json
import threading
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connections

from accounts.models import AccessEvent, ApiAnswer
from accounts.rules.dates import LONDON
from accounts.services.tokens import add_service_account, give_token
from cases.access.choices import GrantReason
from cases.access.models import AccessGrant
from cases.clocks.models import Clock
from cases.record.choices import IdentifierKind
from cases.record.models import Child, Identifier
from missing import services
from missing.choices import EpisodeState, EpisodeStepKind
from missing.models import EpisodeStep, MissingEpisode, MissingReport
from tests.api.described import check_answer
from tests.factories.accounts import make_membership
from tests.factories.api import System, fields_of, make_system, problem_of
from tests.factories.cases import grant, make_child, provenance
from tests.factories.missing import make_episode, make_returned

PATH = "/api/v1/missing-episodes"
KEY = "a-key-of-the-suite-0001"
NOWHERE = uuid.UUID("00000000-0000-4000-8000-000000000000")


@pytest.fixture
def system(world) -> System:
    return make_system(world.agency("police"))


@pytest.fixture
def police(world) -> Any:
    """A second account of the same agency."""
    return make_system(world.agency("police"), name="Other room")


def said(at: datetime, **changed: Any) -> dict[str, Any]:
    """A report of a child who was last seen three hours ago."""
    body = {
        "child": {"given_name": "Robin", "family_name": "Ashdown", "birth_date": "2011-05-04"},
        "kind": "missing",
        "last_seen_at": (at - timedelta(hours=3)).isoformat(),
        "reported_at": (at - timedelta(hours=1)).isoformat(),
        "police_reference": "MP-1",
        "circumstances": "Left after tea.",
    }
    return {name: value for name, value in {**body, **changed}.items() if value is not None}


def back(at: datetime, **changed: Any) -> dict[str, Any]:
    return {"returned_at": (at - timedelta(minutes=5)).isoformat(), "method": "police", **changed}


def opened(system: System, at: datetime, *, key: str = KEY, **changed: Any) -> Any:
    answer = system.post(PATH, said(at, **changed), key=key)
    assert answer.status_code == 201, answer.content
    return answer


def returned(system: System, answer: Any, at: datetime, *, key: str = "a-key-of-the-suite-back", **changed: Any) -> Any:
    return system.post(f"{PATH}/{answer.json()['id']}/return", back(at, **changed), key=key)


def rows() -> dict[str, int]:
    """How much there is of everything that a report could leave behind."""
    kinds = (Child, MissingEpisode, MissingReport, EpisodeStep, Identifier, Clock, ApiAnswer)
    return {kind.__name__: kind.objects.count() for kind in kinds}


pytestmark = pytest.mark.django_db


def test_an_episode_is_opened_and_closed(system, world, at):
    answer = opened(system, at)
    check_answer(answer, "report_missing")
    report = MissingReport.objects.get()
    assert answer.json() == {"id": str(report.pk), "reference": report.reference, "state": "reported"}
    episode = report.episode
    assert (episode.kind, episode.state, episode.police_reference) == ("missing", EpisodeState.OPEN, "MP-1")
    assert (episode.author, episode.agency) == (system.token.user, world.agency("police"))
    assert Child.objects.get().missing_since == episode.last_seen_at

    answer = returned(system, answer, at)
    check_answer(answer, "report_return")
    assert (answer.status_code, answer.json()["state"], answer.json()["id"]) == (200, "returned", str(report.pk))
    episode.refresh_from_db()
    assert (episode.state, episode.return_method) == (EpisodeState.RETURNED, "police")
    assert Child.objects.get().missing_since is None
    assert Clock.objects.filter(kind="interview_held", child_id=report.child_id).exists()


def test_everything_that_can_be_sent_is_kept(system, at):
    opened(
        system,
        at,
        child={
            "given_name": "Zephyrine",
            "family_name": "O’Malley-Šimić",
            "birth_date": "2012-02-29",
            "sex": "female",
            "nhs_number": "943 476 5919",
            "police_number": "NM 1",
            "social_care_number": "sc-2",
        },
        noticed_at=(at - timedelta(hours=2)).isoformat(),
        place_kind="residential",
        place="Willow House",
        companions="An older friend.",
        flags=["cse", "pregnant", "cse"],
    )
    episode, child = MissingEpisode.objects.get(), Child.objects.get()
    assert (child.given_name, child.family_name, child.sex) == ("Zephyrine", "O’Malley-Šimić", "female")
    assert set(child.identifier_entries.values_list("kind", "value")) == {
        ("nhs_number", "9434765919"),
        ("police", "NM1"),
        ("social_care", "SC-2"),
    }
    assert (episode.place_kind, episode.place_detail) == ("residential", "Willow House")
    assert (episode.companions, episode.flags) == ("An older friend.", ["cse", "pregnant"])
    assert episode.noticed_at is not None


def shape(answer: Any) -> Any:
    """An answer without what is made anew for each report."""
    body = dict(answer.json())
    assert uuid.UUID(body.pop("id"))
    assert body.pop("reference").startswith("M-")
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
    return answer.status_code, body, headers, len(answer.content)


# Children with a file, by how they are known. No digit: names are compared by their letters.
KNOWN: dict[str, Any] = {
    "Ada": None,
    "Bryony": make_episode,
    "Cyrus": make_returned,
    "Delphine": "restricted",
    "Emeka": "numbers",
}


def test_the_answer_never_tells_whether_the_child_was_known(system, viewer, at):
    """The same for a child nobody knew, one with a file, one away already, one back again, and a restricted file."""
    answers = [opened(system, at, key="key-stranger")]
    by = viewer("socialworker")
    for number, (name, make) in enumerate(KNOWN.items()):
        child = make_child(name, "Ashdown", restricted=make == "restricted")
        if callable(make):
            make(child, by)
        if make == "restricted":
            make_episode(child, by)
        if make == "numbers":
            Identifier.objects.create(child=child, kind=IdentifierKind.POLICE, value="NM9", **provenance(by))
            who = {"given_name": "Another", "family_name": "Spelling", "police_number": "nm 9"}
        else:
            who = {"given_name": name.upper(), "family_name": "ashdown", "birth_date": "2011-05-04"}
        answers.append(opened(system, at, key=f"key-known-{number}", child=who))
        assert MissingReport.objects.order_by("-recorded_at", "-pk").filter(child=child).exists()
    assert len({json.dumps(shape(answer), sort_keys=True) for answer in answers}) == 1
    known = Child.objects.values_list("pk", "reference")
    for answer in answers:
        for pk, reference in known:
            assert str(pk) not in answer.content.decode()
            assert reference not in answer.content.decode().replace("M-" + reference, "")
    returns = [returned(system, answer, at, key=f"key-back-{n}") for n, answer in enumerate(answers)]
    assert len({json.dumps(shape(answer), sort_keys=True) for answer in returns}) == 1
    assert returns[0].status_code == 200


def test_a_second_report_about_a_child_is_added_to_the_first(system, police, at):
    first, second = opened(system, at), opened(police, at, circumstances="Seen at the bus station.")
    assert first.json()["id"] != second.json()["id"]
    episode = MissingEpisode.objects.get()
    assert Child.objects.count() == 1
    assert list(episode.steps.order_by("recorded_at").values_list("kind", flat=True)) == ["reported", "sighting"]


def test_a_child_with_a_name_alone_joins_nobody(system, at):
    make_child("Robin", "Ashdown")
    opened(system, at, child={"given_name": "Robin", "family_name": "Ashdown"})
    assert Child.objects.count() == 2


@pytest.mark.parametrize("known", ["given_name", "family_name"])
def test_one_of_the_two_names_is_enough_as_it_is_on_the_page(known, system, at):
    """It joins no file: half a name is nobody's alone."""
    make_child("Robin", "Robin")
    opened(system, at, child={known: "Robin", "birth_date": "2011-05-04"})
    child = Child.objects.get(**{known: "Robin", ("family_name" if known == "given_name" else "given_name"): ""})
    assert Child.objects.exclude(pk=child.pk).count() == 1


def test_a_return_that_somebody_else_has_recorded_is_kept_beside_it(system, police, at):
    first, second = opened(system, at), opened(police, at)
    assert returned(system, first, at).status_code == 200
    answer = returned(police, second, at, found_by="PC Castellan", condition="Cold, not hurt.")
    assert (answer.status_code, answer.json()["state"]) == (200, "returned")
    step = EpisodeStep.objects.filter(kind=EpisodeStepKind.SIGHTING).order_by("-recorded_at").first()
    assert "PC Castellan" in step.note
    assert "Cold, not hurt." in step.note
    assert MissingEpisode.objects.get().found_by == ""


def test_a_return_before_others_last_saw_the_child_is_refused_only_to_who_may_know(system, viewer, at):
    """A children's home has seen the child later: police see that; of a restricted file nobody learns it."""
    by = viewer("carer")
    for number, (name, restricted) in enumerate((("Ada", False), ("Bryony", True))):
        child = make_child(name, "Ashdown", restricted=restricted)
        make_episode(child, by, last_seen_at=at - timedelta(minutes=2), reported_at=at - timedelta(minutes=1))
        who = {"given_name": name, "family_name": "Ashdown", "birth_date": "2011-05-04"}
        report = opened(system, at, key=f"key-open-{number}", child=who)
        answer = returned(system, report, at, key=f"key-back-{number}")
        episode = MissingEpisode.objects.get(child=child)
        assert episode.state == EpisodeState.OPEN
        if restricted:
            assert (answer.status_code, answer.json()["state"]) == (200, "returned")
            assert episode.steps.filter(note__contains="Also reported back").exists()
        else:
            assert problem_of(answer) == (422, "invalid")
            assert "before the child was last seen" in fields_of(answer)["returned_at"]


# Who may.


def test_a_report_is_closed_by_the_account_that_sent_it_alone(system, police, world, viewer, at):
    answer = opened(system, at)
    mine, id_ = MissingReport.objects.get(), answer.json()["id"]
    never = police.post(f"{PATH}/{NOWHERE}/return", back(at), key="key-never")
    for path in (f"{PATH}/{id_}/return", f"{PATH}/{mine.episode_id}/return", f"{PATH}/{mine.child_id}/return"):
        there = police.post(path, back(at), key="key-never")
        assert problem_of(there) == (404, "not_found")
        assert there.content == never.content
        assert dict(there.headers) == dict(never.headers)
    assert problem_of(system.post(f"{PATH}/{mine.episode_id}/return", back(at), key=KEY)) == (404, "not_found")
    assert problem_of(system.post(f"{PATH}/not-an-id/return", back(at), key=KEY)) == (404, "not_found")
    assert MissingEpisode.objects.get().state == EpisodeState.OPEN
    events = AccessEvent.objects.filter(outcome="refused", reason_code="no_report")
    assert {event.action for event in events} == {"api:report_return"}


@pytest.mark.parametrize("person", ["missing_coordinator", "socialworker", "admin", "teacher"])
def test_people_report_on_pages(person, client_as, at):
    browser = client_as(person)
    for path in (PATH, f"{PATH}/{NOWHERE}/return"):
        answer = browser.post(path, said(at), content_type="application/json", headers={"idempotency-key": KEY})
        assert problem_of(answer) == (403, "other_caller")
    assert not MissingReport.objects.exists()


def test_an_account_whose_role_does_not_report_is_refused(world, at):
    account = add_service_account(name="Clinic", agency=world.agency("police"), at=at, by=None)
    account.__class__.objects.filter(pk=account.pk).update(ended_on=account.started_on)
    other = make_membership(user=account.user, agency=world.agency("housing"), role="housing")
    token, text = give_token(membership=other, name="x", days=90, at=at - timedelta(minutes=1), by=None)
    answer = System(text, token).post(PATH, said(at), key=KEY)
    assert problem_of(answer) == (403, "role_lacks")
    check_answer(answer, "report_missing")
    assert not MissingReport.objects.exists()


def test_an_account_whose_time_at_the_agency_is_over_is_refused(system, at):
    account = system.token.user.memberships
    account.update(ended_on=account.get().started_on)
    assert problem_of(system.post(PATH, said(at), key=KEY))[0] == 403
    assert not MissingReport.objects.exists()


def test_what_a_system_writes_is_in_the_history_in_its_name(system, at):
    report_id = opened(system, at).json()["id"]
    history = apps.get_model("missing", "MissingReportEvent").objects.get(pgh_obj_id=report_id)
    assert history.pgh_context["user"] == system.token.user_id
    assert history.pgh_context["membership"] == str(system.token.user.memberships.get().pk)
    assert history.pgh_context["reason"] == "api"
    assert len(history.pgh_context["request"]) == 32


def test_what_a_system_sends_stands_on_the_childs_file_for_people(system, client_as, at):
    opened(system, at)
    child = Child.objects.get()
    assert GrantReason.MISSING in AccessGrant.objects.filter(child_id=child.pk).values_list("reason", flat=True)
    page = client_as("missing_coordinator").get(f"/cases/{child.reference}/missing/")
    assert page.status_code == 200
    assert "Control room" in client_as("triage").get(f"/cases/{child.reference}/chronology/").content.decode()


# Once for each key.


def test_the_same_key_and_body_get_the_same_answer(system, at):
    body = said(at)
    first = system.post(PATH, body, key=KEY)
    before = rows()
    again = system.post(PATH, json.dumps(dict(reversed(body.items())), indent=3), key=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["Content-Type"] == again.headers["Content-Type"]
    assert rows() == before
    done = returned(system, first, at)
    assert returned(system, first, at).content == done.content
    assert EpisodeStep.objects.filter(kind=EpisodeStepKind.RETURNED).count() == 1


def test_the_same_key_with_another_body_is_refused(system, at):
    first = opened(system, at)
    before = rows()
    for other in (said(at, circumstances="Other."), {}, [], {"child": None}):
        answer = system.post(PATH, other, key=KEY)
        assert problem_of(answer) == (422, "other_body")
        check_answer(answer, "report_missing")
    assert rows() == before
    # Another address is something else too; another operation has keys of its own.
    assert returned(system, first, at, key=KEY).status_code == 200
    answer = system.post(f"{PATH}/{NOWHERE}/return", back(at), key=KEY)
    assert problem_of(answer) == (422, "other_body")


def test_a_key_is_of_one_account(system, police, at):
    opened(system, at)
    opened(police, at, circumstances="Something else.")
    assert ApiAnswer.objects.count() == 2


@pytest.mark.parametrize("key", ["", "short", "x" * 101, "with a space in it", "Ünïcode-key"])
def test_without_a_key_that_can_be_kept_nothing_is_done(key, system, at):
    answer = system.post(PATH, said(at), key=key)
    assert problem_of(answer) == (422, "invalid")
    assert set(fields_of(answer)) == {"Idempotency-Key"}
    assert not Child.objects.exists()


def test_what_was_refused_can_be_corrected_and_sent_under_its_key(system, at):
    wrong = system.post(PATH, said(at, kind="lost"), key=KEY)
    assert problem_of(wrong) == (422, "invalid")
    assert rows() == dict.fromkeys(rows(), 0)
    opened(system, at)


def test_what_breaks_off_leaves_nothing(system, at, monkeypatch):
    before = rows()
    real = services.report_missing_child

    def half_done(**given: Any) -> Any:
        real(**given)
        raise RuntimeError("The power went")

    monkeypatch.setattr(services, "report_missing_child", half_done)
    assert problem_of(system.post(PATH, said(at), key=KEY)) == (500, "fault")
    assert rows() == before
    monkeypatch.undo()
    opened(system, at)


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_running_the_second_waits_its_turn(world, at, monkeypatch):
    """Two connections: the first request stands still inside its transaction while the second comes."""
    system = make_system(world.agency("police"))
    body, inside, go_on = said(at), threading.Event(), threading.Event()
    real, answers = services.report_missing_child, {}

    def slowly(**given: Any) -> Any:
        made = real(**given)
        inside.set()
        assert go_on.wait(timeout=30)
        return made

    monkeypatch.setattr(services, "report_missing_child", slowly)

    def first() -> None:
        try:
            answers["first"] = System(system.text).post(PATH, body, key=KEY)
        finally:
            connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert inside.wait(timeout=30)
        same = system.post(PATH, body, key=KEY)
        other = system.post(PATH, said(at, circumstances="Other."), key=KEY)
        assert not MissingReport.objects.exists()
    finally:
        go_on.set()
        thread.join(timeout=30)
    for answer in (same, other):
        assert problem_of(answer) == (409, "still_running")
        assert answer.headers["Retry-After"]
        check_answer(answer, "report_missing")
    assert answers["first"].status_code == 201
    assert system.post(PATH, body, key=KEY).content == answers["first"].content
    assert MissingReport.objects.count() == MissingEpisode.objects.count() == 1


# What bad input gets.

LATER = "2126-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"kind": "lost"}, "kind", "Send one of: missing, absent, away."),
        ({"kind": 1}, "kind", "Send one of"),
        ({"kind": None}, "kind", "needed"),
        ({"child": None}, "child", "needed"),
        ({"child": "Robin"}, "child", "JSON object"),
        ({"child": {"birth_date": "2011-05-04"}}, "child.given_name", "first name or last name"),
        ({"child": {"given_name": "", "family_name": "A"}}, "child.given_name", "empty"),
        ({"child": {"given_name": " \t", "family_name": "A"}}, "child.given_name", "empty"),
        ({"child": {"given_name": 7, "family_name": "A"}}, "child.given_name", "Send a text."),
        ({"child": {"given_name": True, "family_name": "A"}}, "child.given_name", "Send a text."),
        ({"child": {"given_name": ["R"], "family_name": "A"}}, "child.given_name", "Send a text."),
        ({"child": {"given_name": "R", "family_name": "x" * 81}}, "child.family_name", "at most 80"),
        ({"child": {"given_name": "R\0", "family_name": "A"}}, "child.given_name", "Null"),
        ({"child": {"given_name": "R", "family_name": "A", "age": 14}}, "child.age", "no field of this name"),
        ({"child": {"given_name": "R", "family_name": "A", "birth_date": "4 May"}}, "child.birth_date", "2011-05-04"),
        ({"child": {"given_name": "R", "family_name": "A", "birth_date": 2011}}, "child.birth_date", "2011-05-04"),
        ({"child": {"given_name": "R", "family_name": "A", "birth_date": "2011-02-30"}}, "child.birth_date", "2011-05"),
        ({"child": {"given_name": "R", "family_name": "A", "birth_date": "2126-01-01"}}, "child.birth_date", "future"),
        ({"child": {"given_name": "R", "family_name": "A", "birth_date": "1911-05-04"}}, "child.birth_date", "year"),
        ({"child": {"given_name": "R", "family_name": "A", "nhs_number": "123"}}, "child.nhs_number", "10 digits"),
        ({"child": {"given_name": "R", "family_name": "A", "sex": "x"}}, "child.sex", "Send one of"),
        ({"last_seen_at": "2026-03-04T14:15:00"}, "last_seen_at", "offset"),
        ({"last_seen_at": "2026-03-04"}, "last_seen_at", "offset"),
        ({"last_seen_at": "yesterday"}, "last_seen_at", "offset"),
        ({"last_seen_at": 1772633700}, "last_seen_at", "offset"),
        ({"last_seen_at": "2026-13-04T14:15:00Z"}, "last_seen_at", "offset"),
        ({"last_seen_at": LATER}, "last_seen_at", "future"),
        ({"last_seen_at": "0001-01-01T00:00:00+00:00"}, "last_seen_at", "too long ago"),
        ({"reported_at": LATER}, "reported_at", "future"),
        ({"noticed_at": LATER}, "noticed_at", "future"),
        ({"reported_at": "2020-01-01T00:00:00Z"}, "reported_at", "before the child was last seen"),
        ({"flags": "cse"}, "flags", "Send a list."),
        ({"flags": ["cse", "brave"]}, "flags.1", "Send one of"),
        ({"flags": ["cse"] * 9}, "flags", "each once"),
        ({"circumstances": "x" * 4001}, "circumstances", "at most 4000"),
        ({"grade": "high"}, "grade", "no field of this name"),
        ({"state": "returned", "id": "1"}, "state", "no field of this name"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(changed, field, words, system, at):
    answer = system.post(PATH, said(at, **changed), key=KEY)
    assert problem_of(answer) == (422, "invalid")
    assert words in fields_of(answer)[field]
    check_answer(answer, "report_missing")
    assert rows() == dict.fromkeys(rows(), 0)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"returned_at": LATER}, "returned_at"),
        ({"returned_at": "2026-01-01T00:00:00Z"}, "returned_at"),
        ({"returned_at": "2026-01-01T00:00:00"}, "returned_at"),
        ({"method": "taxi"}, "method"),
        ({"condition": 3}, "condition"),
        ({"harm": "none"}, "harm"),
    ],
)
def test_a_return_that_is_wrong_is_refused_at_its_field(changed, field, system, at):
    report = opened(system, at)
    answer = returned(system, report, at, **changed)
    assert problem_of(answer) == (422, "invalid")
    assert set(fields_of(answer)) == {field}
    check_answer(answer, "report_return")
    assert MissingEpisode.objects.get().state == EpisodeState.OPEN


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "not json",
        '{"kind": "missing", "kind": "away"}',
        '{"kind": NaN}',
        '{"kind": Infinity}',
        '{"kind": "\\ud800"}',
        '{"\\udfff": 1}',
        "[" * 5000,
        '{"a":' * 5000,
        b"\xff\xfe{\x00}\x00",
        b'{"kind": "\xc3\x28"}',
        '{"kind": ' + "9" * 5000 + "}",
    ],
    ids=range(13),
)
def test_what_is_no_json_is_refused(body, system):
    answer = system.post(PATH, body, key=KEY)
    assert problem_of(answer) in ((400, "not_json"), (422, "invalid"))
    check_answer(answer, "report_missing")
    assert rows() == dict.fromkeys(rows(), 0)


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null", "true"])
def test_what_is_no_object_is_refused(body, system):
    answer = system.post(PATH, body, key=KEY)
    assert problem_of(answer) == (422, "invalid")
    assert rows() == dict.fromkeys(rows(), 0)


def test_a_body_that_is_too_large_is_not_read_through(system, at):
    answer = system.post(PATH, said(at, circumstances="x" * 70_000), key=KEY)
    assert problem_of(answer) == (413, "too_large")
    check_answer(answer, "report_missing")
    assert rows() == dict.fromkeys(rows(), 0)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_only_json_is_read(kind, system, at):
    answer = system.post(PATH, json.dumps(said(at)), key=KEY, content_type=kind)
    assert problem_of(answer) == (415, "unsupported_media_type")
    check_answer(answer, "report_missing")


def test_a_wrong_method_or_an_answer_that_is_not_json(system, at):
    answer = system.get(PATH)
    assert problem_of(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, OPTIONS"
    check_answer(answer, "report_missing")
    answer = system.post(PATH, said(at), key=KEY, accept="text/html")
    assert problem_of(answer) == (406, "not_acceptable")
    check_answer(answer, "report_missing")
    assert not Child.objects.exists()


def test_a_stranger_is_told_to_say_who_they_are_before_anything_else(client, at):
    answers = [
        client.post(path, body, content_type="application/json")
        for path in (PATH, f"{PATH}/{NOWHERE}/return")
        for body in (json.dumps(said(at)), "not json")
    ]
    assert {problem_of(answer) for answer in answers} == {(401, "not_authenticated")}
    assert len({answer.content for answer in answers}) == 1
    check_answer(answers[0], "report_missing")


def test_clocks_that_change_are_the_same_instant(system, at):
    """Sent in London's time, kept as the instant it was."""
    local = (at - timedelta(hours=3)).astimezone(LONDON)
    opened(system, at, last_seen_at=local.isoformat())
    assert MissingEpisode.objects.get().last_seen_at == local


def test_no_log_line_holds_what_was_sent(system, at, caplog, capsys):
    with caplog.at_level("DEBUG"):
        opened(system, at, child={"given_name": "Zephyrine", "family_name": "Canary", "birth_date": "2011-05-04"})
        system.post(PATH, said(at, kind="Zephyrine"), key="key-second")
        system.post(PATH, '{"Zephyrine"', key="key-third")
    written = caplog.text + capsys.readouterr().err
    own = "\n".join(line for line in written.splitlines() if "django.db.backends" not in line)
    assert "harbour.requests" in own
    assert "Zephyrine" not in own
    assert "Canary" not in own


def test_a_grant_of_its_agency_lets_no_system_read(system, at):
    opened(system, at)
    child = Child.objects.get()
    grant(child, system.token.user.memberships.get())
    answers = [system.get(f"/api/v1/files/{reference}") for reference in (child.reference, "ZZZ-ZZZZ")]
    assert {problem_of(answer) for answer in answers} == {(403, "other_caller")}
    assert answers[0].content == answers[1].content
