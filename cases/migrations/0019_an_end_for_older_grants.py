"""Give what the interview and out-of-hours teams were given before it had an end the end that it would have now.

The interview team reads while something of an absence is owed, and for 28 days where the child declined or was not
reached; the out-of-hours team for 28 days from the decision on an urgent notification (decision 0309). A grant is never
changed: it ends, and one that runs to the day follows. The lists are put right by the comparison of the next night.
"""

from datetime import timedelta

from django.db import migrations
from django.db.models import Max
from django.utils import timezone

READS_FOR = timedelta(days=28)
WHY = "It had no end, and has one by the rule now"


def _without_end(apps, function):
    return (
        apps.get_model("cases", "AccessGrant")
        .objects.filter(
            group_id__in=apps.get_model("accounts", "FunctionGroup").objects.filter(key=function).values("group_id"),
            reason="function",
            valid_until=None,
            ended_at=None,
        )
        .order_by("child_id", "pk")
    )


def _give_end(grant, until, now):
    """End a grant, and let one follow until an instant that is still to come."""
    grant.ended_at, grant.end_reason = now, WHY
    grant.save(update_fields=["ended_at", "end_reason"])
    if until > now:
        type(grant).objects.create(
            child_id=grant.child_id,
            group_id=grant.group_id,
            reason=grant.reason,
            category_mask=grant.category_mask,
            granted_by_id=grant.granted_by_id,
            valid_from=now,
            valid_until=until,
        )


def _interview_team(apps, now):
    episodes = apps.get_model("missing", "MissingEpisode").objects.filter(state="open")
    interviews = apps.get_model("missing", "ReturnInterview").objects
    owed = interviews.filter(state__in=("to_offer", "offered", "accepted", "held"))
    steps = apps.get_model("missing", "InterviewStep").objects.filter(
        interview__state__in=("declined", "not_engaged"), kind__in=("declined", "not_engaged")
    )
    for grant in _without_end(apps, "interview_team"):
        if episodes.filter(child_id=grant.child_id).exists() or owed.filter(child_id=grant.child_id).exists():
            continue
        last = steps.filter(child_id=grant.child_id).aggregate(last=Max("recorded_at"))["last"]
        _give_end(grant, last + READS_FOR if last else now, now)


def _out_of_hours_team(apps, now):
    decisions = apps.get_model("referrals", "TriageDecision").objects.filter(notification__urgent=True)
    for grant in _without_end(apps, "out_of_hours"):
        about = decisions.filter(notification__child_id=grant.child_id)
        last = about.aggregate(last=Max("decided_at"))["last"] or grant.valid_from
        _give_end(grant, last + READS_FOR, now)


def give_ends(apps, schema_editor):
    now = timezone.now()
    _interview_team(apps, now)
    _out_of_hours_team(apps, now)


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0018_restricted_files_guarded"),
        ("missing", "0002_a_time_agreed_for_the_interview"),
        ("referrals", "0003_a_question_about_a_report"),
    ]
    # What has been ended stays ended.
    operations = [migrations.RunPython(give_ends, migrations.RunPython.noop, elidable=True)]
