"""Who can see a file and why, and who looked, in plain words."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from accounts.choices import AccessOutcome
from accounts.models import AccessEvent
from accounts.rules.agreements import is_covered
from accounts.rules.dates import day, in_london, moment
from accounts.rules.roles import ROLES, opens_files
from accounts.rules.viewers import Viewer
from cases.access.choices import Category, GrantReason
from cases.access.models import AccessGrant
from cases.access.rules import REASONS, FileFacts, Level, Matrix, category_levels
from cases.record.services import OpenFile

# What each page is called where somebody reads who opened it.
PAGES: dict[str, str] = {
    "home": "Home page",
    "accounts:sign_in": "Signing in",
    "cases:file": "Overview",
    "cases:change_identity": "Correcting who the child is",
    "cases:add_period": "Changing plan, school or address",
    "cases:safe_contact": "Safe contact",
    "cases:add_alias": "Adding a name",
    "cases:add_identifier": "Adding a number",
    "cases:involvement": "Involvement",
    "cases:involve": "Bringing in an agency",
    "cases:change_lead": "Changing the lead",
    "cases:end_involvement": "Ending an involvement",
    "cases:explain_work": "Why an agency goes on",
    "cases:chronology": "Chronology",
    "cases:add_chronology": "Writing in the chronology",
    "cases:who_can_see": "Who can see it",
    "cases:add_conflict": "Declaring a conflict of interest",
    "cases:place_conflict": "Keeping somebody from the file",
    "cases:conflicts": "List of conflicts of interest",
    "cases:conflict": "A conflict of interest",
    "cases:possible_conflict": "A possible conflict of interest",
    "cases:restriction": "Restriction",
    "cases:add_name": "Naming somebody",
    "cases:take_off": "Taking a name off",
    "cases:review_restriction": "Reviewing the restriction",
    "cases:ask_for_lift": "Asking to lift the restriction",
    "cases:answer_lift": "Lifting the restriction",
    "cases:who_looked": "Who looked",
    "cases:export_who_looked": "Who looked, as a file",
    "cases:sharing": "Sharing",
    "cases:add_share": "Sharing with somebody",
    "cases:decline_share": "Deciding not to share",
    "cases:record_wishes": "What the child says about sharing",
    "cases:share": "One decision about sharing",
    "cases:withdraw_share": "Ending a share",
    "cases:assess_breach": "Assessing a share made in error",
    "cases:shared_with_us": "Shared with us",
    "cases:share_received": "What was shared with them",
    "cases:share_withdrawn": "What was withdrawn from them",
    "cases:ask_for_access": "Asking to see more",
    "cases:access_requests": "Requests for access",
    "cases:access_request": "A request for access",
    "cases:address": "A protected address",
    "cases:protect_address": "Protecting an address",
    "cases:keep_address_from": "Keeping a protected address from somebody",
    "cases:let_know_address": "Letting somebody know a protected address",
    "cases:end_keep_from": "Who must not know a protected address",
    "cases:why": "Why can I see this?",
    "cases:emergency_access": "Emergency access",
    "cases:emergency_register": "Register of emergency access",
    "cases:look_digest": "A week’s looks",
    "cases:emergency_review": "Review of an emergency access",
    "cases:worklist": "List of children",
    "cases:search": "Search",
    "cases:person_looks": "One person's looks",
    "cases:export_looks": "One person's looks, as a file",
    "risk:overview": "Risk",
    "risk:assessment": "Risk assessment",
    "risk:assess": "Assessing risk",
    "risk:correct": "Correcting an assessment",
    "risk:discard": "Throwing away a begun assessment",
    "risk:judge": "Judging the level",
    "risk:approve": "Approving a level",
    "risk:send_back": "Sending a level back",
    "referrals:triage_queue": "List of what waits for triage",
    "referrals:triage_decided": "List of what triage decided",
    "referrals:triage_detail": "Triage",
    "api:files": "A list, by a program",
    "api:file": "The file, by a program",
    "missing:now": "List of who is missing",
    "missing:overview": "Missing episodes",
    "missing:report_on_file": "Reporting the child missing",
    "missing:episode": "A missing episode",
    "missing:add": "Adding to a missing episode",
    "missing:grade": "Police grade",
    "missing:kind": "Changing the kind of an episode",
    "missing:return": "Recording the return",
    "missing:correct": "Correcting a time of an episode",
    "missing:check": "Police check after a return",
    "missing:close": "Closing an episode at 18",
    "missing:decide_interview": "Deciding on a return interview",
    "missing:interview": "Return interview",
    "missing:offer": "Offering a return interview",
    "missing:answer": "The answer to a return interview",
    "missing:attempt": "Attempt at a return interview",
    "missing:allocate": "Naming an interviewer",
    "missing:hold": "Recording a return interview",
    "missing:write_up": "Writing up a return interview",
    "missing:not_needed": "Not offering a return interview",
    "missing:not_engaged": "Child not reached for an interview",
    "missing:carer": "What parents or carers say",
}
MORE_REASONS = {
    "not_known": "The reference was never given.",
    "listed": "Stood in a list.",
    "own_name": "Stood in a list.",
    "oversight": "Oversight of who looked.",
    "role_lacks": "The role does not do this.",
    "no_role": "They held no role.",
    "not_named": "They are not named on the restricted file.",
    "not_theirs": "It is somebody else’s to do.",
    "other_agency": "It is about somebody of another agency.",
    "own_account": "It was their own account.",
    "own_agency": "It was asked or done by somebody of their own agency.",
    "own_deed": "It was their own doing, which somebody else judges.",
    "own_request": "They had asked for it themselves.",
    "own_role": "It would have opened more to their own role.",
    "wrong_password": "The password was wrong.",
    "wrong_code": "The code was wrong.",
    "locked_out": "Signing in was closed after too many tries.",
    "no_state": "A single sign-on came back that was not begun in that window.",
    "not_signed_in": "They were not signed in where the single sign-on led.",
    "bad_token": "What a single sign-on sent could not be trusted.",
    "wrong_nonce": "What a single sign-on sent was made for another sign-in.",
    "wrong_subject": "What a single sign-on sent was about somebody else.",
    "no_account": "Nobody has an account under the address that a single sign-on named.",
    "linked_to_another": "The account goes with another sign-on than the one that came.",
    "account_left": "They had left.",
    "account_suspended": "Their account was suspended.",
    "account_closed": "Their account was closed.",
    "tries_spent": "They had tried too often in an emergency.",
    "category_withheld": "The role does not see this kind of information.",
    "in_part": "Their access was to a part of the file, or for a time.",
    "no_grant": "There was no current grant on the file.",
    "blocked": "A conflict of interest is recorded.",
    "restricted": "The file is open to named people only.",
    "granted": "A grant on the file.",
    "named": "Named on the restricted file.",
    "stale": "Somebody else had saved first.",
    "emergency_refused": "No file was opened in an emergency.",
    "record_refused": "A rule of the record.",
}
SHOWN_AS = {
    Level.FULL: "In full",
    Level.SUMMARY: "In summary",
    Level.OWN: "Their own service's entries",
    Level.EXISTENCE: "Only that there is something",
}


@dataclass
class Subject:
    """An agency, a function or a person with access to a file, with every grant behind it."""

    name: str
    kind: str
    roles: list[str]
    covered: bool = True
    grants: list[AccessGrant] = field(default_factory=list)

    @property
    def masks(self) -> tuple[int, int]:
        """The categories opened by ordinary grants, and by panel grants."""
        ordinary = panel = 0
        for grant in self.grants:
            if grant.reason == GrantReason.PANEL:
                panel |= grant.category_mask
            else:
                ordinary |= grant.category_mask
        return ordinary, panel


def subjects_of(grants: Iterable[AccessGrant], roles: dict[int, list[str]], *, today: date) -> list[Subject]:
    """Grants gathered by whom they are given to; `roles` are those held in each group today.

    An agency without a current information-sharing agreement reads nothing by what was granted to it, nor anybody there
    by what was shared with them.
    """
    found: dict[tuple[Any, ...], Subject] = {}
    for grant in grants:
        if grant.membership is not None:
            covered = grant.reason != GrantReason.SHARE or is_covered(grant.membership.agency.covered, today)
            key: tuple[Any, ...] = ("person", grant.membership_id, covered)
            name = f"{grant.membership.user}, {grant.membership.agency}"
            subject = Subject(name, "Named person", [grant.membership.role], covered)
        else:
            assert grant.group is not None
            key = ("group", grant.group_id)
            agency = getattr(grant.group, "agency", None)
            name = str(agency or grant.group.function)
            covered = agency is None or is_covered(agency.covered, today)
            subject = Subject(name, "Agency" if agency else "Function", roles.get(grant.group_id or 0, []), covered)
        found.setdefault(key, subject).grants.append(grant)
    order = {"Agency": 0, "Function": 1, "Named person": 2}
    return sorted(found.values(), key=lambda subject: (order[subject.kind], subject.name))


def subject_card(subject: Subject, matrix: Matrix) -> dict[str, Any]:
    """One subject in words: why, since when, until when, and what each of its roles sees."""
    reading = [role for role in subject.roles if opens_files(role) and subject.covered]
    return {
        "name": subject.name,
        "kind": subject.kind,
        "whys": [_why(grant) for grant in subject.grants],
        "sees": [part for role in reading if (part := _sees(role, subject.masks, matrix))["rows"]],
        "nobody": not reading and subject.covered,
        "uncovered": not subject.covered,
    }


def _why(grant: AccessGrant) -> str:
    until = f", until {moment(grant.valid_until)}" if grant.valid_until else ""
    return f"{_reason_of(grant)}, since {day(grant.valid_from)}{until}"


def _reason_of(grant: AccessGrant) -> str:
    """Why a grant was given; of a share also what for, and how many single entries stand in it."""
    if grant.reason != GrantReason.SHARE:
        return grant.get_reason_display()
    number = len(grant.entry_ids)
    entries = f" ({number} single {'entry' if number == 1 else 'entries'})" if number else ""
    purpose = f": {grant.note[:1].lower()}{grant.note[1:]}" if grant.note else ""
    return f"{grant.get_reason_display()}{purpose}{entries}"


def _sees(role: str, masks: tuple[int, int], matrix: Matrix) -> dict[str, Any]:
    """What a role sees of what a grant opens. The same rule as for the role's own pages decides it."""
    facts = FileFacts(category_mask=masks[0], panel_mask=masks[1])
    levels = category_levels(Viewer(role_key=role), facts, matrix)
    rows = []
    for level, words in SHOWN_AS.items():
        names = [Category(name).label for name, seen in levels.items() if seen == level]
        if names:
            rows.append({"key": words, "value": ", ".join(names)})
    return {"role": ROLES[role].name, "rows": rows}


def why_me(opened: OpenFile, grants: Iterable[AccessGrant], *, reason_code: str) -> dict[str, Any]:
    """Why this viewer sees the file: the reason of the decision, and the grants that reach them."""
    viewer = opened.viewer
    mine = [
        grant for grant in grants if grant.group_id in viewer.group_ids or grant.membership_id == viewer.membership_id
    ]
    return {"reason": REASONS[reason_code], "whys": [my_grant(grant) for grant in mine]}


def my_grant(grant: AccessGrant) -> str:
    """One grant that reaches the viewer: to whom it is, why, since when, until when."""
    if grant.membership is not None:
        return f"You in person: {_why(grant)}."
    group: Any = grant.group
    return f"{getattr(group, 'agency', None) or group.function}: {_why(grant)}."


def look_rows(
    events: Iterable[AccessEvent], *, people: dict[int, str], agencies: dict[UUID, str], refusals: bool
) -> list[list[dict[str, Any]]]:
    """Reads and refusals for `components/table.html`, in the order given."""
    rows = []
    for event in events:
        role = ROLES[event.role].name if event.role in ROLES else "Harbour itself"
        row: list[dict[str, Any]] = [
            {"text": moment(event.at)},
            {"text": people.get(event.user_id or 0, "Harbour itself"), "hint": role},
            {"text": agencies.get(event.agency_id, "") if event.agency_id else ""},
            {"text": page_words(event.action), **_kinds(event)},
            {"text": reason_words(event)},
        ]
        if refusals:
            refused = event.outcome == AccessOutcome.REFUSED
            row.insert(1, {"text": "Refused" if refused else "Read", "tone": "urgent" if refused else "plain"})
        rows.append(row)
    return rows


def _kinds(event: AccessEvent) -> dict[str, str]:
    """Which kinds of information were open to somebody: how many, and the list for who wants it."""
    names = [Category(name).label for name in event.categories if name in Category.values]
    if len(names) > 1:
        return {"more": f"Open to them: {len(names)} kinds", "more_text": f"{', '.join(names)}."}
    return {"hint": f"Open to them: {names[0]}"} if names else {}


def look_columns(*, refusals: bool) -> list[dict[str, str]]:
    """The headings of `look_rows`."""
    names = ["When", "Who", "Agency", "Page", "Why"]
    if refusals:
        names.insert(1, "What happened")
    return [{"text": name} for name in names]


def looks_csv(
    events: Iterable[AccessEvent], *, people: dict[int, str], agencies: dict[UUID, str], refusals: bool
) -> str:
    """The same rows as a file for a spreadsheet."""
    header = ["when", *(["what_happened"] if refusals else []), "who", "role", "agency", "page", "open_to_them", "why"]
    lines = []
    for event in events:
        row = [
            in_london(event.at).isoformat(timespec="seconds"),
            people.get(event.user_id or 0, "Harbour itself"),
            ROLES[event.role].name if event.role in ROLES else "Harbour itself",
            agencies.get(event.agency_id, "") if event.agency_id else "",
            page_words(event.action),
            ", ".join(Category(name).label for name in event.categories if name in Category.values),
            reason_words(event),
        ]
        if refusals:
            row.insert(1, "Refused" if event.outcome == AccessOutcome.REFUSED else "Read")
        lines.append(row)
    return as_csv(header, lines)


def as_csv(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Rows as a file for a spreadsheet. No cell begins as a formula would."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for row in rows:
        writer.writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" else cell for cell in row])
    return out.getvalue()


def page_words(action: str) -> str:
    """The name of a page, for people."""
    return PAGES.get(action, action.partition(":")[2].replace("_", " ").capitalize() or "A page")


def reason_words(event: AccessEvent) -> str:
    """Why a read was allowed or refused, said of somebody else."""
    return MORE_REASONS.get(event.reason_code, event.reason_code.replace("_", " ").capitalize())
