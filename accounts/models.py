"""Agencies, the people who work there, what they may do, and what was seen and sent."""

import uuid
from datetime import date

import pghistory
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.choices import (
    AccessOutcome,
    AccountEventKind,
    FunctionKey,
    NoticeKind,
    PlaceEnding,
    ReviewAnswer,
    RoleDecision,
    RoleKey,
    Sector,
    SubmissionStatus,
)


@pghistory.track(exclude=["password", "last_login"])
class User(AbstractUser):
    """A person who signs in. Nobody passes every check: `is_superuser` is refused by the database."""

    full_name = models.CharField("full name", max_length=120)
    telephone = models.CharField(max_length=40, blank=True)
    job_title = models.CharField(max_length=120, blank=True)
    is_service = models.BooleanField(default=False, help_text="A system of an agency, which shows a token")
    suspended_at = models.DateTimeField(
        null=True, blank=True, help_text="Not used for 30 days, and lifted by nobody yet"
    )
    lifted_at = models.DateTimeField(null=True, blank=True, help_text="When a suspension was last lifted")
    left_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(is_service=False) | Q(password__startswith="!"),  # noqa: S106  (no password at all)
                name="service_user_has_no_password",
            ),
            models.CheckConstraint(condition=Q(is_superuser=False), name="user_is_never_superuser"),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(suspended_at=None, left_at=None), name="user_suspended_is_closed"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.username


@pghistory.track()
class Agency(models.Model):
    """An organisation in the partnership. Its `group` is what grants are given to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)
    sector = models.CharField(max_length=30, choices=Sector)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="agency")
    telephone = models.CharField(max_length=40, blank=True)
    withheld_contact = models.CharField(
        max_length=120, blank=True, help_text="Whom to ask where this agency's information is withheld"
    )
    email_domains = ArrayField(
        models.CharField(max_length=120), default=list, blank=True, help_text="The ends of its people's work addresses"
    )
    # Derived from the signatures in the register of agreements, by the service that writes those.
    covered = ArrayField(
        DateRangeField(), default=list, blank=True, help_text="The days on which it has signed a current agreement"
    )
    ended_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class DomainChange(models.Model):
    """Other ends were set for the work addresses of an agency's people, by whom and why: append-only."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="domain_changes")
    before = ArrayField(models.CharField(max_length=120), default=list)
    after = ArrayField(models.CharField(max_length=120), default=list)
    reason = models.CharField(max_length=300)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")


@pghistory.track()
class FunctionGroup(models.Model):
    """People of several agencies who do one job together; grants may go to it as to an agency."""

    key = models.CharField(max_length=40, choices=FunctionKey, unique=True)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="function")

    def __str__(self) -> str:
        return self.get_key_display()


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self, on: date) -> "MembershipQuerySet":
        """Memberships in force on a date."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=on), started_on__lte=on, user__is_active=True)


@pghistory.track()
class Membership(models.Model):
    """A person's dated role at an agency. A seconded worker holds two and acts under one at a time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=40, choices=RoleKey)
    functions = models.ManyToManyField(FunctionGroup, through="FunctionMember", related_name="memberships")
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True, help_text="The first day on which it no longer holds")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("started_on")), name="membership_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["user", "agency", "role"], condition=Q(ended_on=None), name="membership_one_open_per_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}, {self.agency}"

    def is_current(self, on: date) -> bool:
        """Whether somebody can be asked for anything under it: it is in force on a date, and their account is open."""
        ended = self.ended_on is not None and self.ended_on <= on
        return self.started_on <= on and not ended and self.user.is_active


class FunctionMemberQuerySet(models.QuerySet["FunctionMember"]):
    def current(self, on: date) -> "FunctionMemberQuerySet":
        """Who serves on a date."""
        return self.filter(Q(ended_on=None) | Q(ended_on__gt=on))


@pghistory.track()
class FunctionMember(models.Model):
    """A membership that serves in a function group, until it is ended."""

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT)
    function = models.ForeignKey(FunctionGroup, on_delete=models.PROTECT)
    ended_on = models.DateField(null=True, blank=True, help_text="The first day on which it no longer serves")

    objects = FunctionMemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "function"], condition=Q(ended_on=None), name="function_member_one_open"
            )
        ]


class DefinitionVersion(models.Model):
    """One version of a rule that partnerships set: matrix, risk tool, clock, threshold or measure.

    The row is the truth. A published row never changes (a trigger refuses it); a change is a new version.
    """

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    body = models.TextField()
    sha256 = models.CharField(max_length=64)
    effective_on = models.DateField()
    adopted_by = models.CharField(max_length=120)
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key", "version"], name="definition_version_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} v{self.version}"


class AccessEvent(models.Model):
    """One read of a child's file, or one refusal. Plain ids and no content; nobody alters a row.

    Time, transaction and database user are written by a trigger, so that the serving role cannot forge them.
    """

    at = models.DateTimeField(db_default=Now())
    xid = models.BigIntegerField(null=True, editable=False, help_text="The transaction that wrote it")
    db_user = models.CharField(max_length=63, default="")
    user_id = models.BigIntegerField(null=True)
    membership_id = models.UUIDField(null=True)
    agency_id = models.UUIDField(null=True)
    role = models.CharField(max_length=40, default="")
    action = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10, choices=AccessOutcome)
    reason_code = models.CharField(max_length=40)
    child_id = models.UUIDField(null=True)
    shown_ids = ArrayField(models.UUIDField(), default=list, help_text="Files shown by a list or a search")
    categories = ArrayField(models.CharField(max_length=30), default=list)
    request_id = models.CharField(max_length=32, default="")
    ip_address = models.GenericIPAddressField(null=True)
    session_hash = models.CharField(max_length=16, default="")

    class Meta:
        indexes = [
            models.Index(fields=["child_id", "-at"], name="access_event_child"),
            models.Index(fields=["user_id", "-at"], name="access_event_user"),
            models.Index(fields=["-at"], name="access_event_at"),
            GinIndex(fields=["shown_ids"], name="access_event_shown"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.outcome}"


class Submission(models.Model):
    """One press of a form's button: the same key and body is answered once, whatever is clicked twice."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    key = models.UUIDField()
    view = models.CharField(max_length=120)
    body_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=SubmissionStatus, default=SubmissionStatus.RUNNING)
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key", "view"], name="submission_once")]
        indexes = [models.Index(fields=["created_at"], name="submission_created")]


class Draft(models.Model):
    """What somebody has typed so far in a long form; theirs alone, gone when sent or after 30 days."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE)
    form = models.CharField(max_length=60)
    subject = models.CharField(max_length=60, blank=True)
    answers = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "form", "-updated_at"], name="draft_user_form")]


class HeldSubmission(models.Model):
    """A form that arrived after its session had ended, kept until the same person signs in again."""

    token = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, null=True, related_name="+")
    path = models.CharField(max_length=500)
    fields = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at"], name="held_user")]


@pghistory.track(exclude=["secret_hash", "last_used_on"])
class ApiToken(models.Model):
    """What a service account shows instead of signing in. Of its secret a hash is kept; it is shown once, when made."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=8, unique=True)
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="api_token_ends_after_start"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None) | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="api_token_revoked_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.prefix


class ApiAnswer(models.Model):
    """What a system was answered when it changed something: the same key and body get the same answer for 7 days."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    operation = models.CharField(max_length=60)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField(help_text="JSON, as it was sent: a document of the database would order its keys anew")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key", "operation"], name="api_answer_once")]
        indexes = [models.Index(fields=["created_at"], name="api_answer_created")]


class ApiUse(models.Model):
    """How often one caller asked within one minute: what keeps a broken or hostile system from taking all there is."""

    caller = models.CharField(max_length=80)
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "minute"], name="api_use_once")]
        indexes = [models.Index(fields=["minute"], name="api_use_minute")]


class AccountEvent(models.Model):
    """Something that happened to an account: what, when, by whom and why. Rows are added and never altered."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="account_events")
    kind = models.CharField(max_length=40, choices=AccountEventKind)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    by_membership = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    detail = models.CharField(max_length=300, blank=True, help_text="Which role, agency or device it was about")

    class Meta:
        indexes = [models.Index(fields=["user", "-at"], name="account_event_user")]

    def __str__(self) -> str:
        return self.get_kind_display()


class Notice(models.Model):
    """Something that a person is told about their own account: by e-mail until it has gone, at home until seen.

    The e-mail goes to the address that the person had when it was written: whoever changes an address cannot turn the
    warning about it away.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=40, choices=NoticeKind)
    made_at = models.DateTimeField()
    detail = models.CharField(max_length=300, blank=True, help_text="For the home page alone, never for an e-mail")
    email = models.EmailField()
    message_id = models.UUIDField(default=uuid.uuid4)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="notice_waiting"),
            models.Index(fields=["user", "-made_at"], condition=Q(seen_at=None), name="notice_unseen"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class SignInCode(models.Model):
    """A code that was asked for at the sign-in page, by whoever typed an address there.

    The code itself is kept nowhere: it is made from the row's own name when it is sent, and made again when one is
    typed. Asking writes the same row for every address; whose it is, is found out when it is sent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.EmailField(help_text="As it was typed, in small letters; forgotten with the row after a day")
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    asked_at = models.DateTimeField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    wrong = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)
    message_id = models.UUIDField(default=uuid.uuid4)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True, help_text="None where nothing is to be sent")
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["address", "-asked_at"], name="sign_in_code_address"),
            models.Index(fields=["ip_address", "-asked_at"], name="sign_in_code_place"),
            models.Index(fields=["next_try_at"], condition=Q(sent_at=None), name="sign_in_code_waiting"),
        ]

    def __str__(self) -> str:
        return f"Code asked for at {self.asked_at:%H:%M}"


class Place(models.Model):
    """A place where somebody is or was signed in: one session, on one device.

    `session_key` names the session while it lasts, so that it can be ended, and is emptied when it has ended. When the
    session was last used stands in the session itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="places")
    session_key = models.CharField(max_length=40, blank=True)
    began_at = models.DateTimeField()
    device = models.CharField(max_length=80)
    device_mark = models.CharField(max_length=64, help_text="A hash of the mark that the browser keeps")
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ending = models.CharField(max_length=20, choices=PlaceEnding, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, ending="") | Q(ended_at__isnull=False, session_key="") & ~Q(ending=""),
                name="place_ended_paired",
            ),
            models.UniqueConstraint(fields=["session_key"], condition=~Q(session_key=""), name="place_session_once"),
        ]
        indexes = [models.Index(fields=["user", "-began_at"], name="place_user")]

    def __str__(self) -> str:
        return self.device


class Invitation(models.Model):
    """A link by which somebody sets a password, once. The e-mail carries the row's signed name; no secret is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invitations")
    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, related_name="invitation")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gte=F("made_at")), name="invitation_ends_after_start")
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.made_at:%d %B %Y}"


class RoleRequest(models.Model):
    """A role that somebody is to hold at an agency, in place of another or beside it; some wait for a second person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="role_requests")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=40, choices=RoleKey)
    replaces = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=10, choices=RoleDecision, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="", decided_at=None, decided_by=None)
                | ~Q(decision="") & Q(decided_at__isnull=False, decided_by__isnull=False),
                name="role_request_decided_paired",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("user")), name="role_request_not_by_oneself"
            ),
            models.UniqueConstraint(
                fields=["user", "agency", "role"], condition=Q(decision=""), name="role_request_one_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}, {self.agency}"


class AccessReview(models.Model):
    """A quarter's look at everybody who works at an agency, signed line by line by a day."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="access_reviews")
    owner = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="Who is to sign it"
    )
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    signed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency"], condition=Q(signed_at=None), name="access_review_one_open")
        ]

    def __str__(self) -> str:
        return f"{self.agency}, {self.due_on:%d %B %Y}"


class ReviewLine(models.Model):
    """One membership in a review, and what was said of it."""

    review = models.ForeignKey(AccessReview, on_delete=models.PROTECT, related_name="lines")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=4, choices=ReviewAnswer, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "membership"], name="review_line_once"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at=None, answered_by=None)
                | ~Q(answer="") & Q(answered_at__isnull=False, answered_by__isnull=False),
                name="review_line_answered_paired",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.answer}"
