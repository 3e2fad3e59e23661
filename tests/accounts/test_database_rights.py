"""What the serving role tries against the trails, and is refused.

Seen to fail, each with its tests: the class of rights of a table widened (update and delete of history, access
events and definitions pass); the library's own ignore function put back (a row changes with no event); the
context trigger dropped (a change names nobody); the stamp trigger dropped (an event is back-dated).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pghistory
import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import Error, ProgrammingError

from accounts.models import AccessEvent, AccountEvent, Agency, DefinitionVersion
from accounts.services.database.apply import history_tables
from accounts.services.database.rights import DECLARED
from cases.record.models import Child
from tests import cluster as clusters
from tests.factories.accounts import make_agency, make_membership
from tests.factories.cases import block, grant, make_child, make_chronology
from tests.factories.referrals import make_decision, make_match_question, make_notification
from tests.factories.risk import make_assessment, make_judgement

ChildEvent = apps.get_model("cases", "ChildEvent")
MAY_DELETE = {
    "accounts_apianswer",
    "accounts_apiuse",
    "accounts_draft",
    "accounts_heldsubmission",
    "accounts_place",
    "accounts_signincode",
    "accounts_submission",
    "axes_accessattempt",
    "axes_accessattemptexpiration",
    "axes_accessfailurelog",
    "axes_accesslog",
    "cases_childgroupgrant",
    "cases_childusergrant",
    "cases_matrixchange",
    "cases_sweeprun",
    "django_session",
    "mfa_authenticator",
    "socialaccount_socialaccount",
    "socialaccount_socialtoken",
}
NEVER_CHANGED = {
    "accounts_accessevent",
    "accounts_accountevent",
    "accounts_definitionversion",
    "referrals_triagedecision",
    "risk_riskassessment",
}


def run(statement: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


def refused(statement: str, parameters: list[Any] | None = None) -> bool:
    """True where the database says that the privilege is lacking; any other error is passed on."""
    try:
        run(statement, parameters)
    except ProgrammingError as error:
        if getattr(error.__cause__, "pgcode", "") != "42501":
            raise
        return True
    return False


def privileges(kind: str) -> set[str]:
    rows = run(
        "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'v', 'p', 'm') "
        "AND c.relnamespace = 'public'::regnamespace AND has_table_privilege(current_user, c.oid, %s)",
        [kind],
    )
    return {row[0] for row in rows}


def all_tables() -> set[str]:
    return {
        row[0]
        for row in run(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'p', 'm') "
            "AND relnamespace = 'public'::regnamespace"
        )
    }


@pytest.fixture
def owner_runs(cluster: clusters.Cluster, transactional_db: None) -> Iterator[Callable[..., None]]:
    """Runs a statement as the owner, in the database of this test."""
    with clusters.cursor_of(clusters.for_database(cluster.owner_url, connection.settings_dict["NAME"])) as cursor:
        yield cursor.execute


@pytest.mark.django_db
class TestTheServingRole:
    def test_is_the_one_the_suite_runs_as_and_holds_no_power(self):
        role = run(
            "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles "
            "WHERE rolname = session_user"
        )
        assert role == [("harbour_app", False, False, False, False, False)]

    def test_owns_nothing(self):
        assert run("SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = current_user") == []
        assert run("SELECT proname FROM pg_proc WHERE pg_get_userbyid(proowner) = current_user") == []
        assert run("SELECT nspname FROM pg_namespace WHERE pg_get_userbyid(nspowner) = current_user") == []
        assert run("SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = current_user") == []

    def test_belongs_to_no_other_role(self):
        assert (
            run("SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = current_user")
            == []
        )

    def test_deletes_from_working_tables_alone(self):
        assert privileges("DELETE") == MAY_DELETE

    def test_empties_references_and_hooks_no_table(self):
        assert privileges("TRUNCATE") == privileges("REFERENCES") == privileges("TRIGGER") == set()

    def test_adds_no_row_of_history(self):
        assert privileges("INSERT") & set(history_tables()) == set()

    def test_updates_no_row_that_never_changes(self):
        updatable = {
            row[0]
            for row in run(
                "SELECT DISTINCT table_name FROM information_schema.column_privileges "
                "WHERE grantee = current_user AND privilege_type = 'UPDATE'"
            )
        }
        assert updatable & (set(history_tables()) | NEVER_CHANGED) == set()
        assert "cases_child" in updatable

    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE TABLE public.mine (id int)",
            "CREATE TEMP TABLE mine (id int)",
            "CREATE SCHEMA mine",
            "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE VIEW public.mine AS SELECT 1",
            "CREATE EXTENSION dblink",
            "ALTER TABLE cases_child ADD COLUMN mine int",
            "ALTER TABLE cases_child DISABLE TRIGGER ALL",
            "DROP TRIGGER harbour_append_only ON accounts_accessevent",
            "DROP TABLE accounts_accessevent",
            "TRUNCATE accounts_accessevent",
            "TRUNCATE cases_childevent",
            "TRUNCATE django_session",
            "SET session_replication_role = replica",
            "SET ROLE harbour_owner",
            "SET SESSION AUTHORIZATION harbour_owner",
            "ALTER ROLE harbour_app SUPERUSER",
            "GRANT ALL ON accounts_accessevent TO harbour_app",
            "ALTER FUNCTION public._pgtrigger_should_ignore(name) OWNER TO harbour_app",
            "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean "
            "LANGUAGE sql AS 'SELECT true'",
            "SELECT pg_read_file('PG_VERSION')",
            "COPY cases_child TO PROGRAM 'cat'",
            "SELECT * FROM pg_authid",
        ],
    )
    def test_is_refused(self, statement):
        if statement.startswith("GRANT"):
            # PostgreSQL warns of a grant without the right to grant, and does nothing.
            run(statement)
            assert "accounts_accessevent" not in privileges("DELETE")
        else:
            assert refused(statement)

    def test_cannot_touch_history(self, world):
        make_child()
        for table in history_tables():
            assert refused(f"DELETE FROM {table}"), table
            assert refused(f"UPDATE {table} SET pgh_label = 'x'"), table
            assert refused(f"INSERT INTO {table} (pgh_label, pgh_created_at) VALUES ('x', now())"), table

    def test_cannot_touch_what_was_looked_at(self):
        AccessEvent.objects.create(action="cases:file", outcome="allowed", reason_code="granted")

        assert refused("UPDATE accounts_accessevent SET user_id = 1")
        assert refused("DELETE FROM accounts_accessevent")
        assert AccessEvent.objects.count() == 1

    def test_changes_no_definition_and_adds_only_a_matrix_for_a_coming_day(self):
        assert DefinitionVersion.objects.exists()
        assert refused("UPDATE accounts_definitionversion SET body = ''")
        assert refused("DELETE FROM accounts_definitionversion")
        for kind, effective_on, adds in (
            ("risk_tool", "CURRENT_DATE + 2", False),
            ("access_matrix", "CURRENT_DATE - 1", False),
            ("access_matrix", "CURRENT_DATE + 2", True),
        ):
            assert adds != refused(
                "INSERT INTO accounts_definitionversion (kind, key, version, body, sha256, effective_on, adopted_by) "
                f"VALUES ('{kind}', 'access_matrix', 99, '', '', {effective_on}, '')"
            )

    def test_cannot_stretch_a_grant(self, world, viewer):
        child = make_child()
        grant(child, world.agency("police"), categories=("missing",))

        for change in (
            "category_mask = -1",
            "valid_until = NULL",
            "valid_from = now()",
            "group_id = 1",
            "child_id = id",
        ):
            assert refused(f"UPDATE cases_accessgrant SET {change}"), change
        assert refused("DELETE FROM cases_accessgrant")

    def test_cannot_rewrite_what_was_assessed_decided_or_said(self, world, viewer):
        keyworker = viewer("keyworker")
        notification = make_notification(viewer("teacher"))
        make_decision(notification, viewer("triage"))
        make_assessment(make_child(), keyworker)

        assert refused("UPDATE risk_riskassessment SET answers = '{}'")
        assert refused("DELETE FROM risk_riskassessment")
        assert refused("UPDATE referrals_triagedecision SET outcome = 'decline'")
        assert refused("UPDATE referrals_notification SET concern = 'nothing much'")
        assert refused("DELETE FROM referrals_notification")

    def test_cannot_move_an_entry_to_another_author_or_file(self, world, viewer):
        make_chronology(make_child(), viewer("keyworker"))

        for column in ("author_id", "author_membership_id", "agency_id", "child_id", "recorded_at"):
            assert refused(f"UPDATE cases_chronologyentry SET {column} = {column}"), column
        assert not refused("UPDATE cases_chronologyentry SET summary = 'Was two hours late home.'")

    def test_cannot_make_anybody_a_superuser_or_rename_them(self, world):
        assert refused("UPDATE accounts_user SET is_superuser = true")
        assert refused("UPDATE accounts_user SET username = 'somebody else'")
        assert refused("UPDATE accounts_membership SET role = 'data_guardian'")


@pytest.mark.django_db
class TestTriggers:
    def test_a_variable_of_the_session_does_not_silence_them(self):
        child = make_child()
        triggers = [row[0] for row in run("SELECT tgname FROM pg_trigger WHERE tgrelid = 'cases_child'::regclass")]

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('pgtrigger.ignore', %s, true)", ["{" + ",".join(triggers) + "}"])
            cursor.execute("UPDATE cases_child SET level = 'high' WHERE id = %s", [child.pk])
            cursor.execute("SELECT set_config('pgtrigger.ignore', '', true)")

        labels = ChildEvent.objects.filter(pgh_obj_id=child.pk).order_by("pgh_id").values_list("pgh_label", "level")
        assert list(labels) == [("insert", "not_assessed"), ("update", "high")]

    def test_the_time_and_the_hand_of_an_access_event_are_not_the_writers_to_choose(self):
        before = run("SELECT clock_timestamp()")[0][0]
        event = AccessEvent.objects.create(
            at=datetime(2000, 1, 1, tzinfo=UTC),
            db_user="somebody",
            action="x",
            outcome="allowed",
            reason_code="granted",
        )
        event.refresh_from_db()

        assert before <= event.at <= run("SELECT clock_timestamp()")[0][0]
        assert event.db_user == "harbour_app"
        assert event.xid == int(run("SELECT pg_current_xact_id()::text")[0][0])

    def test_what_is_settled_stays(self, world, viewer, at):
        keyworker, guardian = viewer("keyworker"), viewer("guardian")
        child = make_child()
        grant(child, world.agency("police"), ended_at=at)
        judgement = make_judgement(make_assessment(child, keyworker), keyworker)
        question = make_match_question(make_notification(viewer("teacher")), child)
        conflict = block(child, viewer("nurse"), by=guardian)
        by = world.user("manager").pk
        run("UPDATE risk_leveljudgement SET approved_at = now(), approved_by_id = %s WHERE id = %s", [by, judgement.pk])
        run(
            "UPDATE referrals_matchquestion SET same_child = true, answered_at = now(), answered_by_id = %s "
            "WHERE id = %s",
            [guardian.membership_id, question.pk],
        )
        run("UPDATE cases_block SET ended_at = now(), ended_by_id = %s WHERE id = %s", [by, conflict.pk])

        assert refused("UPDATE cases_accessgrant SET ended_at = NULL, ended_by_id = NULL")
        assert refused("UPDATE cases_accessgrant SET end_reason = 'another'")
        assert refused("UPDATE risk_leveljudgement SET approval_note = 'another'")
        assert refused("UPDATE referrals_matchquestion SET same_child = false")
        assert refused("UPDATE cases_block SET ended_at = NULL, ended_by_id = NULL")

    @pytest.mark.parametrize(
        ("ends", "becomes", "stays"),
        [
            ("2026-03-04", None, True),
            ("2026-03-04", "2026-03-03", True),
            ("2026-03-04", "2999-01-01", True),
            ("2998-01-01", None, True),
            ("2998-01-01", "2999-01-01", True),
            ("2998-01-01", "2997-01-01", False),
            (None, "2026-03-04", False),
        ],
    )
    def test_a_role_that_has_ended_stays_so(self, world, ends, becomes, stays):
        member = make_membership(
            world.user("keyworker"), world.agency("police"), started_on="2020-01-01", ended_on=ends
        )
        change = "UPDATE accounts_membership SET ended_on = %s WHERE id = %s"
        assert refused(change, [becomes, member.pk]) is stays

    def test_the_matrix_is_completed_once(self, world, viewer, at):
        notification = make_notification(viewer("teacher"), sent_at=at)
        tool = DefinitionVersion.objects.first()
        complete = (
            "UPDATE referrals_notification SET tool_id = %s, answers = '{}', result = '{}', computed_level = %s, "
            "matrix_completed_at = %s WHERE id = %s"
        )

        assert not refused(complete, [tool.pk, "low", at, notification.pk])
        assert refused(complete, [tool.pk, "high", at, notification.pk])
        assert not refused("UPDATE referrals_notification SET status = 'decided', version = version + 1")


@pytest.mark.django_db(transaction=True)
class TestTheOwner:
    """The second line: what the owner's own session may not do without first dropping a trigger."""

    def test_is_stopped_by_triggers_as_well(self, world, viewer, owner_runs):
        child = make_child()
        keyworker = viewer("keyworker")
        make_assessment(child, keyworker)
        make_decision(make_notification(viewer("teacher")), viewer("triage"))
        AccessEvent.objects.create(action="x", outcome="allowed", reason_code="granted")
        AccountEvent.objects.create(user=world.user("teacher"), kind="second_factor_set", at=child.opened_at)

        for table in (*sorted(NEVER_CHANGED), "cases_childevent"):
            column = "pgh_label" if table.endswith("childevent") else "id"
            for statement in (
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with pytest.raises(Exception, match=r"never changed or removed|Cannot (update|delete)"):
                    owner_runs(statement)

    def test_may_write_the_trail_of_earlier_days(self, owner_runs):
        owner_runs(
            "INSERT INTO accounts_accessevent (at, action, outcome, reason_code, db_user, role, shown_ids, categories, "
            "request_id, session_hash) "
            "VALUES ('2026-01-05 09:00Z', 'x', 'allowed', 'granted', '', '', '{}', '{}', '', '')"
        )
        assert AccessEvent.objects.get().at == datetime(2026, 1, 5, 9, tzinfo=UTC)
        assert AccessEvent.objects.get().db_user == "harbour_owner"


@pytest.mark.django_db
class TestHistory:
    """Who, under which membership and why stands beside every change, however it was made."""

    def events(self, names: set[str]) -> set[tuple[str, str, int, str, str]]:
        rows = ChildEvent.objects.filter(given_name__in=names).values_list("pgh_label", "given_name", "pgh_context")
        return {(label, name, who["user"], who["membership"], who["reason"]) for label, name, who in rows}

    def test_carries_user_membership_and_reason_for_bulk_and_raw_writes(self, world, without_history):
        user, membership = world.user("keyworker").pk, str(world.membership("keyworker").pk)
        with without_history(), pghistory.context(user=user, membership=membership, request="r1", reason="bulk load"):
            Child.objects.bulk_create(
                [Child(given_name="Ash", family_name="A"), Child(given_name="Bryn", family_name="B")]
            )
            Child.objects.filter(given_name="Ash").update(level="high")
            run("UPDATE cases_child SET given_name = 'Cass' WHERE given_name = 'Bryn'")

        who = (user, membership, "bulk load")
        assert self.events({"Ash", "Bryn", "Cass"}) == {
            ("insert", "Ash", *who),
            ("insert", "Bryn", *who),
            ("update", "Ash", *who),
            ("update", "Cass", *who),
        }

    @pytest.mark.parametrize("said", [None, {"user": 1}, {"user": 1, "reason": ""}])
    def test_a_change_that_does_not_say_who_and_why_is_refused(self, world, without_history, said):
        with without_history():
            if said is None:
                with pytest.raises(ProgrammingError, match="must say who makes it"):
                    run("UPDATE accounts_agency SET telephone = 'x'")
            else:
                with pghistory.context(**said), pytest.raises(ProgrammingError, match="must say who makes it"):
                    run("UPDATE accounts_agency SET telephone = 'x'")
        assert not Agency.objects.filter(telephone="x").exists()

    def test_what_is_seen_is_written_without_a_context_too(self, without_history):
        with without_history():
            AccessEvent.objects.create(action="x", outcome="refused", reason_code="no_grant")
        assert AccessEvent.objects.count() == 1


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that rights and guards consist of."""
    return {
        "tables": run(
            "SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        ),
        "columns": run(
            "SELECT attrelid::regclass::text, attname, attacl::text FROM pg_attribute WHERE attacl IS NOT NULL "
            "AND attrelid::regclass::text !~ '^pg_' ORDER BY 1, 2"
        ),
        "functions": run(
            "SELECT oid::regprocedure::text, prosecdef, proconfig::text, md5(prosrc) FROM pg_proc "
            "WHERE pronamespace = 'public'::regnamespace ORDER BY 1"
        ),
        "triggers": run(
            "SELECT tgrelid::regclass::text, tgname, tgenabled::text, pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE NOT tgisinternal ORDER BY 1, 2"
        ),
        "database": run("SELECT datacl::text FROM pg_database WHERE datname = current_database()"),
        "schema": run("SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public'"),
    }


class TestMigratingAgain:
    @pytest.mark.django_db
    def test_every_table_has_a_declared_class_of_rights(self):
        declared, history = set(DECLARED), set(history_tables())
        assert declared & history == set()
        assert all_tables() == declared | history

    def test_puts_right_what_has_drifted_and_gives_a_new_table_nothing(self, cluster, owner_runs):
        before = snapshot()
        for statement in (
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO harbour_app",
            "GRANT CREATE ON SCHEMA public TO harbour_app",
            "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name name) RETURNS boolean LANGUAGE plpgsql "
            "STABLE AS 'BEGIN RETURN true; END'",
            "DROP TRIGGER harbour_append_only ON accounts_accessevent",
            "CREATE TABLE surprise (id int)",
            "GRANT ALL ON surprise TO PUBLIC",
        ):
            owner_runs(statement)
        assert snapshot() != before
        assert "surprise" in privileges("DELETE")

        clusters.migrate(cluster, connection.settings_dict["NAME"])

        assert not any("surprise" in privileges(kind) for kind in ("SELECT", "INSERT", "UPDATE", "DELETE"))
        owner_runs("DROP TABLE surprise")
        assert snapshot() == before


@pytest.mark.django_db
def test_a_refusal_of_the_database_is_an_error_and_not_an_empty_answer():
    make_agency()
    with pytest.raises(Error, match="permission denied"):
        run("SELECT * FROM pghistory_context")
