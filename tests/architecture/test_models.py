"""What must be true of every model, whoever writes the next one.

Seen to fail: a foreign key from accounts to cases by its name in a string; a model with a child and no
provenance; the insert trigger of a tracked table dropped; a model left untracked; a relation that cascades.
"""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models

from cases.record.models import Child, Entry

ROWS = ("accounts", "cases", "risk", "missing", "referrals", "panels", "reporting")
SIDE_BY_SIDE = {"risk": 1, "missing": 1}
DEPTH = {app: SIDE_BY_SIDE.get(app, index) for index, app in enumerate(ROWS)} | {"accounts": -2, "cases": -1}
OURS = [model for model in apps.get_models() if model._meta.app_label in ROWS]
TRACKED = {model.pgh_tracked_model: model for model in OURS if hasattr(model, "pgh_tracked_model")}
SUBSTANCE = [model for model in OURS if not hasattr(model, "pgh_tracked_model")]

# Models with a child that are no entry in the file, and why.
NO_ENTRY = {
    "cases.AccessGrant": "says who may see, and carries granted_by",
    "cases.Block": "says who may not, and carries placed_by",
    "cases.ChildGroupGrant": "projection of grants",
    "cases.FileActivity": "says only when something was written in a category",
    "cases.ChildUserGrant": "projection of grants",
    "cases.Clock": "what must happen and by when, with who owes it; names nothing of the child",
    "cases.Conflict": "who may not know of a file and why, and carries placed_by",
    "cases.PossibleConflict": "a question to the guardians, and carries answered_by",
    "cases.Restriction": "why a file is for named people only, and carries placed_by",
    "cases.SharingDecision": "who decided to share what, or not to, and carries the membership",
    "cases.AccessRequest": "who asked to see more, and carries the membership",
    "cases.SharingWish": "what the child says about sharing, and carries the membership that heard it",
    "cases.EmergencyAccess": "who opened a file in an emergency, and carries the membership",
    "cases.Alert": "that something waits; names nothing of the child",
    "referrals.Notification": "what was said before there was a file; carries referrer, membership and agency",
    "referrals.MatchQuestion": "a question to the guardians, and carries answered_by",
}
# Models without history, and why.
NO_HISTORY = {
    "accounts.ApiAnswer": "says again what was answered, for 7 days",
    "accounts.ApiUse": "counts requests, for an hour",
    "accounts.AccessEvent": "is itself a trail that nobody alters",
    "accounts.AccountEvent": "is itself a trail that nobody alters",
    "accounts.Notice": "says what an account event says, to the person",
    "accounts.AccessReview": "its answers stand in account events",
    "accounts.Invitation": "says when a link was sent and used; account events say by whom",
    "accounts.ReviewLine": "is answered once, and never altered",
    "accounts.RoleRequest": "is decided once, and never altered",
    "accounts.Place": "names a session, and how it ended",
    "accounts.SignInCode": "says for a day that a code was asked for; where somebody signed in stands in places",
    "accounts.DefinitionVersion": "never changes",
    "accounts.DomainChange": "never changes",
    "accounts.Draft": "is the writer's own until it is sent",
    "accounts.HeldSubmission": "is the writer's own until it is sent",
    "cases.AgreementEnd": "never changes",
    "cases.ImpactAssessment": "never changes",
    "cases.LookDigest": "is counted once, when it is made",
    "cases.MatrixSignature": "never changes",
    "cases.SweepRun": "says that the sweep is alive, for a week",
    "accounts.Submission": "marks the press of a button",
    "cases.ChildGroupGrant": "is rebuilt from grants, which have a history",
    "cases.ChildUserGrant": "is rebuilt from grants, which have a history",
    "cases.FileActivity": "says when something was written, which has a history",
    "cases.OutboxMessage": "carries an alert, which has a history",
    "reporting.ReportDocument": "never changes",
    "reporting.ReportRun": "is the work of a worker; who asked and who stopped it stand on it",
    "reporting.ReportSnapshot": "never changes",
}
# What no history keeps: secrets, and the times at which they were used.
SECRETS = {"accounts.User": {"password", "last_login"}, "accounts.ApiToken": {"secret_hash", "last_used_on"}}
# Relations that go with what they belong to.
MAY_CASCADE = {
    "accounts.ApiAnswer",
    "accounts.Draft",
    "accounts.HeldSubmission",
    "accounts.Submission",
    "cases.ChildGroupGrant",
    "cases.ChildUserGrant",
    "cases.FileActivity",
}


def relations(model: type[models.Model]) -> list[models.Field]:
    return [
        field
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model
    ]


def reaches_up(model: type[models.Model], target: type[models.Model]) -> bool:
    here, there = model._meta.app_label, target._meta.app_label
    return there in DEPTH and here != there and DEPTH[there] >= DEPTH[here]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_relations_lead_downwards(model):
    upwards = [field.name for field in relations(model) if reaches_up(model, field.related_model)]
    assert upwards == []


@pytest.mark.parametrize("model", SUBSTANCE, ids=lambda model: model._meta.label)
def test_nothing_is_removed_because_something_else_was(model):
    cascading = [
        field.name
        for field in relations(model)
        if getattr(field.remote_field, "on_delete", None) not in (None, models.PROTECT, models.DO_NOTHING)
    ]
    assert bool(cascading) == (model._meta.label in MAY_CASCADE)


def test_everything_about_a_child_says_where_it_came_from():
    about_a_child = {
        model._meta.label
        for model in SUBSTANCE
        if model is not Child and any(field.related_model is Child for field in relations(model))
    }
    without = {label for label in about_a_child if not issubclass(apps.get_model(label), Entry)}
    assert without == set(NO_ENTRY)
    assert len(about_a_child - without) >= 13


def test_provenance_is_whole():
    names = {"child", "category", "author", "author_membership", "agency", "source", "third_party", "recorded_at"}
    assert names <= {field.name for field in Entry._meta.get_fields()}


def test_every_model_has_a_history_or_a_reason_for_none():
    assert {model._meta.label for model in SUBSTANCE if model not in TRACKED} == set(NO_HISTORY)


@pytest.mark.django_db
@pytest.mark.parametrize("model", TRACKED, ids=lambda model: model._meta.label)
def test_every_change_of_a_tracked_table_fires_a_trigger(model):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgtype & 28, tgenabled::text, prosecdef, proconfig::text FROM pg_trigger "
            "JOIN pg_proc ON pg_proc.oid = tgfoid WHERE tgrelid = %s::regclass AND tgname LIKE %s",
            [model._meta.db_table, "pgtrigger\\_%"],
        )
        triggers = cursor.fetchall()
    inserted, deleted, updated = 4, 8, 16
    assert {row[0] for row in triggers} == {inserted, deleted, updated}
    assert {row[1:] for row in triggers} == {("O", True, '{"search_path=public, pg_temp"}')}


@pytest.mark.parametrize("model", TRACKED, ids=lambda model: model._meta.label)
def test_history_holds_each_field_but_secrets_and_what_the_database_computes(model):
    ours = {field.name for field in model._meta.concrete_fields if not isinstance(field, models.GeneratedField)}
    kept = {field.name for field in TRACKED[model]._meta.get_fields()}
    assert ours - kept == SECRETS.get(model._meta.label, set())


def test_no_order_is_hidden_in_a_model():
    assert [model._meta.label for model in SUBSTANCE if model._meta.ordering] == []
