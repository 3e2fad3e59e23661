"""What of nothing is found without a question to the database: no file, no agency, nobody kept away, no decision.

`make mutants` leaves out each of these conditions, and says what was not noticed.
"""

from __future__ import annotations

from datetime import date

import pytest

from accounts.selectors import viewer_of
from cases.record.selectors.lists import files_known
from cases.record.services.opening import files_open
from cases.sharing.selectors.involving import unwanted_among
from panels.selectors.outcomes import outcomes_for
from referrals.models import Notification
from referrals.selectors import kept, triage
from tests.access.seen.rows import HOUR
from tests.factories.accounts import make_membership
from tests.factories.cases import block, make_child
from tests.factories.referrals import make_decision, make_notification
from tests.factories.shares import make_wish

pytestmark = pytest.mark.django_db
POINT = "notification_point"


def test_of_no_files_and_no_agencies_none_is_asked_for(child, join, at, django_assert_num_queries):
    viewer = viewer_of(member := join("csc_social_worker"))
    make_wish(child, member)
    with django_assert_num_queries(0):
        assert files_known(viewer, [], at=at) == {}
        assert unwanted_among(child, [], at=at) == []


def test_single_entries_are_asked_for_where_a_grant_names_some(child, join, at, django_assert_num_queries):
    file = files_open([child.pk], viewer_of(join("csc_social_worker")), at=at)[child.pk]
    assert not file.facts.entries
    with django_assert_num_queries(0):
        assert file.entries_opened == frozenset()


def test_which_files_keep_somebody_away_is_all_that_is_asked_where_none_does(at, django_assert_num_queries):
    worker = make_membership(role=POINT)
    make_notification(viewer_of(make_membership(role="education_dsl")))
    with django_assert_num_queries(1):
        assert kept.kept_among(Notification.objects.all(), worker.user_id, at) == set()


def test_who_comes_after_somebody_who_may_triage_is_not_asked_about(at, django_assert_num_queries):
    first, *others = (make_membership(role=POINT) for _ in range(4))
    guardian = viewer_of(make_membership(role="data_guardian"))
    for other in others:
        block(make_child("Zora", "Quill", birth_date=date(2009, 8, 9)), viewer_of(other), by=guardian, at=at - HOUR)
    make_notification(viewer_of(make_membership(role="education_dsl")))
    assert first.user_id < min(other.user_id for other in others)
    with django_assert_num_queries(2):  # who triages, and what keeps the first of them away
        assert kept.kept_from_everybody(at) == {}


def test_where_no_panel_has_decided_nobody_is_asked_who_may_be_told(child, join, at, django_assert_num_queries):
    by, sent = join(POINT), make_notification(viewer_of(make_membership(role="education_dsl")), child=child)
    make_decision(sent, viewer_of(by), outcome="accept_joined", lead=by)
    rows = list(Notification.objects.select_related("decision"))
    with django_assert_num_queries(1):
        assert outcomes_for(rows, at) == {}


def test_without_a_file_to_join_none_is_looked_for(join, at, django_assert_num_queries):
    by = viewer_of(make_membership(role="education_dsl"))
    row = make_notification(by, address_protected=True, postcode="LS1 4DY")
    viewer = viewer_of(join(POINT))
    with django_assert_num_queries(0):
        assert triage.kept_among(row, viewer, "", frozenset({"LS14DY", "YO17HH"}), at=at) == {"LS14DY"}
