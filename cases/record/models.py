"""The child's file for life, and the dated entries that hang on it."""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime

import pghistory
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now

from accounts.models import Agency, Membership, User
from accounts.rules.viewers import Viewer
from cases.access.choices import Category
from cases.access.rules import Matrix
from cases.access.selectors import visible_content, visible_files
from cases.record.choices import (
    AddressKind,
    AuthorityKind,
    Disability,
    EntryKind,
    Ethnicity,
    HarmStatus,
    IdentifierKind,
    InvolvementRole,
    LegalStatus,
    PlacementKind,
    PlanStatus,
    RiskLevel,
    Sex,
    Source,
    SpellEnd,
)

# Letters and digits that nobody confuses when reading a reference out over the telephone.
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """A reference that tells nothing: no name, no year, no count. Seven signs, such as `H7K-4PQR`."""
    signs = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(7))
    return f"{signs[:3]}-{signs[3:]}"


class NormalisedName(Func):
    """The letters of a name without case, accents or spaces, as the database compares them."""

    function = "normalised_name"
    output_field = models.TextField()


class SoundOfName(Func):
    """How a name sounds to an English ear, as the database compares it (double metaphone)."""

    function = "dmetaphone"
    output_field = models.TextField()


class ChildQuerySet(models.QuerySet["Child"]):
    def visible_to(self, viewer: Viewer, *, at: datetime) -> ChildQuerySet:
        """The files that a viewer may know of, with the facts the rule used annotated on each row."""
        visible: ChildQuerySet = visible_files(self, viewer, at)
        return visible


@pghistory.track()
class Child(models.Model):
    """A child's file: one for life. Casework opens and closes as spells on it.

    `level`, `harm_status`, "missing now" and the withheld notices are the short declassified list: everybody who may
    know of the file and whose cell of the matrix says so sees them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=8, unique=True, default=new_reference, editable=False)
    given_name = models.CharField(max_length=80)
    family_name = models.CharField(max_length=80)
    preferred_name = models.CharField(max_length=80, blank=True)
    sort_key = models.GeneratedField(
        expression=NormalisedName(models.functions.Concat(F("family_name"), models.Value(" "), F("given_name"))),
        output_field=models.TextField(),
        db_persist=True,
    )
    birth_date = models.DateField(null=True, blank=True)
    birth_date_estimated = models.BooleanField(default=False)
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    ethnicity = models.CharField(max_length=20, choices=Ethnicity, default=Ethnicity.UNKNOWN)
    disability = models.CharField(max_length=20, choices=Disability, default=Disability.UNKNOWN)
    first_language = models.CharField(max_length=60, blank=True)
    level = models.CharField(max_length=20, choices=RiskLevel, default=RiskLevel.NOT_ASSESSED)
    level_judged_at = models.DateTimeField(null=True, blank=True)
    harm_status = models.CharField(max_length=20, choices=HarmStatus, default=HarmStatus.NOT_KNOWN)
    review_due_on = models.DateField(null=True, blank=True)
    safe_contact = models.CharField(max_length=300, blank=True, help_text="A safe way and hours to reach the child")
    missing_since = models.DateTimeField(null=True, blank=True, help_text="Last seen, while the child is missing")
    restricted = models.BooleanField(default=False, help_text="Open to named people only")
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged_files", db_index=False
    )
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(db_default=Now())

    objects = ChildQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(merged_into=F("id")), name="child_not_merged_into_itself"),
            models.CheckConstraint(condition=~Q(given_name="") | ~Q(family_name=""), name="child_has_a_name"),
        ]
        indexes = [
            # Few files are merged, and each row of each list asks which were merged into it.
            models.Index(fields=["merged_into"], name="child_merged_files", condition=Q(merged_into__isnull=False)),
            # The home page shows the first of one's files by when their review is due.
            models.Index(fields=["review_due_on", "id"], name="child_review_due"),
            models.Index(fields=["sort_key"], name="child_sort_key"),
            models.Index(fields=["birth_date"], name="child_birth_date"),
            GinIndex(OpClass("sort_key", name="gin_trgm_ops"), name="child_name_trigrams"),
            models.Index(
                SoundOfName(NormalisedName("family_name")),
                SoundOfName(NormalisedName("given_name")),
                name="child_name_sounds",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def name(self) -> str:
        """The full name, with the preferred name first where there is one."""
        full = f"{self.given_name} {self.family_name}".strip()
        return (
            f"{self.preferred_name} ({full})"
            if self.preferred_name and self.preferred_name != self.given_name
            else full
        )

    @property
    def called(self) -> str:
        """What the child is called: the preferred name, or the given one; never the family name."""
        return self.preferred_name or self.given_name or "First name not known"


class EntryQuerySet(models.QuerySet):
    def visible_to(self, viewer: Viewer, *, at: datetime, matrix: Matrix) -> EntryQuerySet:
        """Entries that a viewer may read, in full or as their summary, on files it may know of."""
        visible: EntryQuerySet = visible_content(self, viewer, at, matrix)
        return visible


class Entry(models.Model):
    """What every piece of content carries: whose it is, where it came from and which category it belongs to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey(Child, on_delete=models.PROTECT, related_name="%(class)s_entries")
    category = models.CharField(max_length=30, choices=Category)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    author_membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", help_text="The agency the information comes from"
    )
    source = models.CharField(max_length=20, choices=Source, default=Source.PROFESSIONAL)
    third_party = models.BooleanField(default=False, help_text="Tells something about another person")
    recorded_at = models.DateTimeField(db_default=Now())

    objects = EntryQuerySet.as_manager()

    class Meta:
        abstract = True


class DatedEntry(Entry):
    """An entry that held from one day until another; the end is the first day on which it no longer held."""

    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("started_on")), name="%(class)s_ends_after_start"
            )
        ]


def one_open(name: str, *fields: str) -> models.UniqueConstraint:
    """The database's promise that a child has one such row open at a time."""
    return models.UniqueConstraint(fields=["child", *fields], condition=Q(ended_on=None), name=name)


@pghistory.track()
class Spell(DatedEntry):
    """A time during which casework was open on the file. Nothing ends it but a decision."""

    end_reason = models.CharField(max_length=20, choices=SpellEnd, blank=True)

    class Meta(DatedEntry.Meta):
        constraints = [
            *DatedEntry.Meta.constraints,
            one_open("spell_one_open"),
            models.CheckConstraint(
                condition=Q(ended_on=None, end_reason="") | (Q(ended_on__isnull=False) & ~Q(end_reason="")),
                name="spell_end_has_reason",
            ),
        ]


@pghistory.track()
class Involvement(DatedEntry):
    """An agency, and usually a named worker of it, who works with the child. One of them leads."""

    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="involvements"
    )
    working_agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="involvements")
    role = models.CharField(max_length=30, choices=InvolvementRole)
    is_lead = models.BooleanField(default=False)
    end_note = models.CharField(max_length=300, blank=True)

    class Meta(DatedEntry.Meta):
        constraints = [
            *DatedEntry.Meta.constraints,
            models.UniqueConstraint(
                fields=["child"], condition=Q(ended_on=None, is_lead=True), name="involvement_one_lead"
            ),
            models.CheckConstraint(
                condition=Q(is_lead=False) | Q(membership__isnull=False), name="involvement_lead_is_named"
            ),
        ]


@pghistory.track()
class Identifier(Entry):
    """A number by which another system knows the child."""

    kind = models.CharField(max_length=20, choices=IdentifierKind)
    value = models.CharField(max_length=60)

    class Meta(Entry.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["child", "kind", "value"], name="identifier_once")]
        indexes = [models.Index(fields=["kind", "value"], name="identifier_value")]


@pghistory.track()
class Alias(Entry):
    """Another name the child is or was known by."""

    name = models.CharField(max_length=160)
    note = models.CharField(max_length=200, blank=True)

    class Meta(Entry.Meta):
        abstract = False
        indexes = [GinIndex(OpClass(NormalisedName("name"), name="gin_trgm_ops"), name="alias_name_trigrams")]


@pghistory.track()
class Address(DatedEntry):
    """Where the child lives or stays. A protected address is shown to the people on its own list alone."""

    kind = models.CharField(max_length=20, choices=AddressKind, default=AddressKind.HOME)
    lines = models.CharField(max_length=300)
    postcode = models.CharField(max_length=8, blank=True)
    area = models.CharField(max_length=80, help_text="A district or ward that may be shown where the address may not")
    protected = models.BooleanField(default=False)
    protection_reason = models.CharField(max_length=300, blank=True)
    may_know = models.ManyToManyField(Membership, blank=True, related_name="+", through="AddressReader")

    class Meta(DatedEntry.Meta):
        constraints = [
            *DatedEntry.Meta.constraints,
            models.CheckConstraint(
                condition=Q(protected=False) | ~Q(protection_reason=""), name="address_protection_has_reason"
            ),
        ]
        indexes = [
            models.Index(
                models.functions.Upper(models.functions.Replace("postcode", models.Value(" "), models.Value(""))),
                name="address_postcode",
            )
        ]


@pghistory.track()
class AddressReader(models.Model):
    """Somebody who may know a protected address; `protected_it` where it was they who had it protected."""

    address = models.ForeignKey(Address, on_delete=models.PROTECT)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT)
    protected_it = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "membership"], name="address_reader_once")]


@pghistory.track()
class AddressKeptFrom(models.Model):
    """Somebody who must not know a protected address: a person in words, an agency, or somebody with an account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.ForeignKey(Address, on_delete=models.PROTECT, related_name="kept_from")
    person = models.CharField(max_length=160, blank=True)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    ended_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(~Q(person="") & Q(agency=None, user=None))
                | Q(person="", agency__isnull=False, user=None)
                | Q(person="", agency=None, user__isnull=False),
                name="address_kept_from_one",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, ended_why="")
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(ended_why="")),
                name="address_kept_from_end_paired",
            ),
        ]


@pghistory.track()
class PlanPeriod(DatedEntry):
    """The plan the child had at a time: none, early help, child in need, child protection or looked after."""

    status = models.CharField(max_length=20, choices=PlanStatus)

    class Meta(DatedEntry.Meta):
        constraints = [*DatedEntry.Meta.constraints, one_open("planperiod_one_open")]


@pghistory.track()
class LegalPeriod(DatedEntry):
    """The legal status the child had at a time."""

    status = models.CharField(max_length=20, choices=LegalStatus)

    class Meta(DatedEntry.Meta):
        constraints = [*DatedEntry.Meta.constraints, one_open("legalperiod_one_open")]


@pghistory.track()
class Placement(DatedEntry):
    """With whom or where the child lived at a time."""

    kind = models.CharField(max_length=20, choices=PlacementKind)
    provider = models.CharField(max_length=120, blank=True)
    out_of_area = models.BooleanField(default=False)

    class Meta(DatedEntry.Meta):
        constraints = [*DatedEntry.Meta.constraints, one_open("placement_one_open")]


@pghistory.track()
class SchoolPeriod(DatedEntry):
    """The school or college the child was on the roll of at a time."""

    school = models.CharField(max_length=120)
    note = models.CharField(max_length=200, blank=True)

    class Meta(DatedEntry.Meta):
        constraints = [*DatedEntry.Meta.constraints, one_open("schoolperiod_one_open")]


@pghistory.track()
class AuthorityPeriod(DatedEntry):
    """The local authority that was the child's home, placing or host authority at a time."""

    kind = models.CharField(max_length=10, choices=AuthorityKind)
    authority = models.CharField(max_length=120)

    class Meta(DatedEntry.Meta):
        constraints = [*DatedEntry.Meta.constraints, one_open("authorityperiod_one_open", "kind")]


@pghistory.track()
class ChronologyEntry(Entry):
    """Something that happened, on the child's timeline.

    `summary` is a sentence written to be shared: it is what a viewer with the summary of the category reads.
    `detail` is for those with the category in full.
    """

    kind = models.CharField(max_length=20, choices=EntryKind)
    happened_at = models.DateTimeField()
    summary = models.CharField(max_length=300)
    detail = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta(Entry.Meta):
        abstract = False
        indexes = [models.Index(fields=["child", "-happened_at"], name="chronology_child")]
