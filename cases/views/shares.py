"""Sharing from a child's file: what was decided, deciding, ending it, and errors."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.forms import HarbourForm
from accounts.middleware.policy import policy
from accounts.models import Agency, Membership
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from cases.access.choices import Category
from cases.access.rules import Action, Level, categories_in
from cases.access.services import GrantRefused
from cases.clocks.choices import ClockKind
from cases.clocks.selectors import clock_of
from cases.forms import shares as forms
from cases.forms.agencies import AgencyForm
from cases.presenters import shares as words
from cases.presenters.requests import REQUEST_COLUMNS, category_choices, left_out, request_rows
from cases.presenters.timeline import timeline
from cases.presenters.withdrawn import TOLD_COLUMNS, told_rows
from cases.record.services import OpenFile
from cases.sharing.choices import (
    BreachOutcome,
    DeclineReason,
    LawfulBasis,
    SharingEnd,
    SharingKind,
    SharingPurpose,
)
from cases.sharing.models.requests import AccessRequest
from cases.sharing.models.shares import SharingDecision
from cases.sharing.rules import shares as rules
from cases.sharing.rules.requests import RequestRefused
from cases.sharing.selectors import shares as selectors
from cases.sharing.selectors.ending import kinds_of, lost_by_ending, runs
from cases.sharing.selectors.requests import request_for, requests_on
from cases.sharing.selectors.wishes import against_wish, shares_against
from cases.sharing.selectors.withdrawn import told_to_destroy
from cases.sharing.services import shares as services
from cases.sharing.services.requests import answer_with_share
from cases.sharing.services.shares import Content, Declining, Receiver, ShareRefused, Sharing
from cases.views.asking import ask_on_file, frame_of, posted, taken
from cases.views.loading import file_page

REFUSALS = (ShareRefused, GrantRefused, RequestRefused)
THEIR_ACCESS_ENDED = "The share has ended, and their access with it."
READ, WRITE, AUDIT = Capability.READ_FILES, Capability.WRITE_FILES, Capability.AUDIT


def _home(opened: OpenFile) -> str:
    return reverse("cases:sharing", args=[opened.child.reference])


def _ask(request: HttpRequest, opened: OpenFile, form: HarbourForm, *, heading: str, **more: Any) -> HttpResponse:
    back = {"cancel_href": _home(opened), "under": "cases:sharing"}
    return ask_on_file(request, opened, form, heading=heading, **{**back, **more})


@policy(capability=READ, reads_file=True, name="cases:sharing")
@file_page("cases:sharing", action=Action.SEE_SHARING)
def show_sharing(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """What was decided about sharing this file, and what the child says about it."""
    reference, full = opened.child.reference, opened.level(Category.SHARING) == Level.FULL
    wishes = selectors.wishes_of(opened.child.pk) if full else []
    may_share = opened.may(Action.SHARE)
    steps = [("Share", "add_share", ""), ("Decide not to share", "decline_share", "secondary")]
    context = {
        **frame_of(opened, here="Sharing"),
        "full": full,
        "actions": [
            {"text": text, "href": reverse(f"cases:{name}", args=[reference]), "style": style}
            for text, name, style in steps
            if may_share
        ],
        "may_share": may_share,
        "against_columns": words.AGAINST_COLUMNS,
        "against": words.against_rows(opened, against_wish(wishes[0], at=opened.at)) if wishes else [],
        "wish": words.wish_rows(wishes[0]) if wishes else [],
        "earlier": [words.wish_rows(wish) for wish in wishes[1:]],
        "columns": words.DECISION_COLUMNS if full else words.SUMMARY_COLUMNS,
        "rows": words.decision_rows(opened, selectors.decisions_on(opened.child.pk)),
        "request_columns": REQUEST_COLUMNS,
        "requests": request_rows(requests_on(opened.child.pk, at=opened.at)) if full else [],
    }
    return render(request, "cases/sharing.html", context)


def _choose_agency(
    request: HttpRequest, opened: OpenFile, *, heading: str, opens: bool = False
) -> Agency | HttpResponse:
    """The agency that the address names, or the question which it is. Where something `opens` to it, one without an
    agreement is refused at once; what was filled in before the agreement lapsed is sent, and refused as it stands.
    """
    agencies = selectors.agencies_to_share_with(opened.child.pk, but=opened.viewer.agency_id, at=opened.at)
    form = AgencyForm(request.GET if "agency" in request.GET else None, agencies=agencies)
    now_opens = opens and request.method != "POST"
    agency = form.chosen(covered_on=timezone.localdate(opened.at) if now_opens else None)
    if agency is not None:
        return agency
    if request.method == "POST" and not form.is_bound:
        form = AgencyForm({}, agencies=agencies)
    context = {
        **frame_of(opened, here=heading, under="cases:sharing"),
        "form": form,
        "heading": heading,
        "instead_of": _named(request, "instead_of") or "",
        "cancel_href": _home(opened),
    }
    return render(request, "cases/share_agency.html", context, status=422 if form.is_bound else 200)


def _named(request: HttpRequest, name: str) -> UUID | None:
    """A record that the address names: the decision that is made anew (`instead_of`), the request that is answered."""
    try:
        return UUID(request.GET.get(name, ""))
    except ValueError:
        return None


def _for_named_people(request: HttpRequest, opened: OpenFile, *, heading: str) -> HttpResponse:
    """On a restricted file nothing is shared: people are named there."""
    instead = {"text": "See who can see it", "href": reverse("cases:who_can_see", args=[opened.child.reference])}
    if opened.may(Action.RESTRICT):
        instead = {"text": "Name somebody", "href": reverse("cases:restriction", args=[opened.child.reference])}
    answer = _ask(request, opened, HarbourForm(), heading=heading, intro=services.RESTRICTED, instead=instead)
    answer.status_code = 422 if request.method == "POST" else 200
    return answer


def _receiver(agency: Agency, said: dict[str, Any]) -> Receiver:
    return Receiver(agency.pk, UUID(said["person"]) if said["person"] else None)


def _people(opened: OpenFile, agency: Agency) -> tuple[list[Membership], list[str]]:
    """Who at the agency could receive something, and the roles they hold."""
    people = selectors.may_receive(opened.child.pk, but=opened.viewer.agency_id, at=opened.at, agency_id=agency.pk)
    return people, sorted({member.role for member in people})


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:add_share")
@file_page("cases:add_share", action=Action.SHARE)
def add_share(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Share kinds of information or single entries with an agency, or one person of it."""
    if opened.facts.restricted:
        return _for_named_people(request, opened, heading="Share")
    agency = _choose_agency(request, opened, heading="Share with whom?", opens=True)
    if isinstance(agency, HttpResponse):
        return agency
    asked = _asked(request, opened, agency)
    form = _share_form(request, opened, agency, asked)

    def share(said: dict[str, Any]) -> SharingDecision:
        given: dict[str, Any] = {"version": said["version"] or 0, "at": opened.at, "by": opened.viewer}
        sharing = _sharing(form, agency)
        if asked is not None:
            given["words"] = said["answer_words"]
            return answer_with_share(request_id=asked.pk, opened=opened, sharing=sharing, **given)
        return services.share(opened=opened, sharing=sharing, instead_of=_named(request, "instead_of"), **given)

    decision = taken(form, share, *REFUSALS)
    if decision is not None:
        messages.success(request, _shared_words(request, opened, agency, decision))
        return redirect("cases:share", opened.child.reference, decision.pk)
    wish = selectors.wish_of(opened.child.pk)
    context: dict[str, Any] = {
        "template": "cases/share_form.html",
        "button": "Share",
        "wish": words.wish_rows(wish),
    }
    if not form.offers_something:
        add = reverse("cases:add_share", args=[opened.child.reference])
        context["instead"] = {"text": "Choose another agency", "href": add}
        context["intro"] = f"Nothing that you see in full may be seen by anybody at {agency}."
    return _ask(request, opened, form, heading=f"Share with {agency}", **context)


def _asked(request: HttpRequest, opened: OpenFile, agency: Agency) -> AccessRequest | None:
    """The request of this agency on this file that the share answers, as the address names it."""
    asked_id = _named(request, "request")
    found = request_for(opened.viewer, asked_id, at=opened.at) if asked_id else None
    if found is None or found.child_id != opened.child.pk or found.asked_as.agency_id != agency.pk:
        return None
    return found


def _shared_words(request: HttpRequest, opened: OpenFile, agency: Agency, decision: SharingDecision) -> str:
    """What follows from a share: of a request that it answers in part, what is left out or waited for."""
    told = f"Shared with {words.receiver_words(decision)}, who is told."
    asked = _asked(request, opened, agency)
    if asked is None:
        return told
    if asked.answered_at is not None:
        left = ", ".join(words.names_of(left_out(asked)))
        return f"{told} Not shared of what they asked for: {left}." if left else told
    rest = ", ".join(words.names_of(asked.category_mask & ~asked.come))
    return f"{told} Still waited for: {rest}. You cannot share all of that, so whoever may is asked."


def _share_form(request: HttpRequest, opened: OpenFile, agency: Agency, asked: AccessRequest | None) -> forms.ShareForm:
    (people, roles), earlier = _people(opened, agency), _in_place_of(request, opened)
    also = earlier.entry_ids if earlier else ()
    said: dict[str, Any] = {"viewer": opened.viewer, "levels": opened.levels, "at": opened.at}
    entries = selectors.entries_to_share(opened.child, also=also, **said)
    return forms.ShareForm(
        posted(request),
        people=words.people_choices(people),
        categories=words.category_choices(opened, roles),
        entries=words.entry_choices(entries, roles, opened.matrix),
        answers=asked is not None,
        initial={
            "version": opened.child.version,
            "ends_on": timezone.localdate(opened.at) + rules.USUALLY,
            **(words.wanted_by(asked) if asked else words.begun_from(earlier) if earlier else {}),
        },
    )


def _sharing(form: forms.ShareForm, agency: Agency) -> Sharing:
    said = form.cleaned_data
    return Sharing(
        receiver=_receiver(agency, said),
        content=Content(frozenset(said["categories"]), frozenset(UUID(pk) for pk in said["entries"])),
        purpose=SharingPurpose(said["purpose"]),
        words=said["words"],
        basis=LawfulBasis(said["basis"]),
        child=form.told("child"),
        carers=form.told("carers"),
        override=form.override(),
        ends_on=said["ends_on"],
    )


@policy(methods=("GET", "POST"), capability=WRITE, reads_file=True, name="cases:decline_share")
@file_page("cases:decline_share", action=Action.SHARE)
def decline_share(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """Write down that something is not shared with somebody, why, and when that is looked at again."""
    agency = _choose_agency(request, opened, heading="Decide not to share with whom?")
    if isinstance(agency, HttpResponse):
        return agency
    earlier = _in_place_of(request, opened)
    form = _decline_form(request, opened, agency, earlier)

    def decline(said: dict[str, Any]) -> SharingDecision:
        return services.decline_to_share(
            opened=opened,
            declining=Declining(
                receiver=_receiver(agency, said),
                categories=frozenset(said["categories"]),
                reason=DeclineReason(said["decline_reason"]),
                words=said["words"],
                review_on=said["review_on"],
            ),
            version=said["version"] or 0,
            instead_of=_named(request, "instead_of"),
            at=opened.at,
            by=opened.viewer,
        )

    decision = taken(form, decline, *REFUSALS)
    if decision is not None:
        over = f" {THEIR_ACCESS_ENDED}" if earlier is not None else ""
        messages.success(request, f"Your decision not to share is written down, with the day of its review.{over}")
        return redirect("cases:share", opened.child.reference, decision.pk)
    heading, intro = f"Decide not to share with {agency}", ""
    if earlier is not None:
        heading = f"{heading} any more"
        intro = f"This ends what is shared with them now: {words.content_words(earlier)}."
    return _ask(request, opened, form, heading=heading, button="Save the decision", intro=intro)


def _decline_form(
    request: HttpRequest, opened: OpenFile, agency: Agency, earlier: SharingDecision | None
) -> forms.DeclineForm:
    people, _ = _people(opened, agency)
    usually = timezone.localdate(opened.at) + rules.REVIEW_USUALLY
    return forms.DeclineForm(
        posted(request),
        people=words.people_choices(people),
        categories=category_choices(rules.shareable(opened.levels)),
        initial={"version": opened.child.version, "review_on": usually, **(_begun(earlier) if earlier else {})},
    )


def _in_place_of(request: HttpRequest, opened: OpenFile) -> SharingDecision | None:
    """The running share that the address names, in whose place another decision is made."""
    earlier_id = _named(request, "instead_of")
    earlier = selectors.decision_on(opened.child.pk, earlier_id) if earlier_id else None
    return earlier if earlier is not None and runs(earlier, opened.at) else None


def _begun(earlier: SharingDecision) -> dict[str, Any]:
    """What a decision in place of a running share begins with: the same person, and the kinds that it tells of."""
    return {"person": str(earlier.membership_id or ""), "categories": sorted(categories_in(kinds_of(earlier)))}


def _decision(opened: OpenFile, decision_id: UUID) -> SharingDecision:
    """One decision on the file. Raises NotKnown where there is none, and for whose job sees nothing of sharing."""
    found = selectors.decision_on(opened.child.pk, decision_id)
    if found is None or not opened.may(Action.SEE_SHARING):
        raise NotKnown("no_decision", child_id=opened.child.pk)
    return found


@policy(capability=READ, reads_file=True, name="cases:share")
@file_page("cases:share")
def show_share(request: HttpRequest, opened: OpenFile, decision_id: UUID) -> HttpResponse:
    """One decision: what, with whom, why, until when; after an error who opened it, and what the guardians found."""
    decision = _decision(opened, decision_id)
    full = opened.level(Category.SHARING) == Level.FULL
    breach = getattr(decision, "breach", None)
    context: dict[str, Any] = {
        **frame_of(opened, here="One decision", under="cases:sharing"),
        "decision": decision,
        "heading": words.HEADINGS[SharingKind(decision.kind)],
        "full": full,
        "facts": words.facts_of(decision, at=opened.at) if full else words.summary_facts(decision),
        "actions": _actions(opened, decision) if full else [],
    }
    if full:
        wish = selectors.wish_of(opened.child.pk) if runs(decision, opened.at) else None
        against = shares_against(wish, at=opened.at) if wish else []
        context["facts"] += words.facts_against(opened, decision, against)
        entries = selectors.entries_of(decision, viewer=opened.viewer, at=opened.at)
        context |= {"entries": timeline(opened, entries), "withheld": len(decision.entry_ids) - len(entries)}
    if full and breach is not None:
        clock = clock_of(ClockKind.BREACH_ASSESSED, breach.pk)
        context |= {
            "breach": words.breach_rows(breach, clock, at=opened.at),
            "assess_href": _at("assess_breach", opened, decision)
            if opened.may(Action.ASSESS_BREACH) and breach.assessed_at is None
            else "",
            "columns": words.OPENED_COLUMNS,
            "rows": words.opened_rows(selectors.who_opened(decision)),
            "told_columns": TOLD_COLUMNS,
            "told": told_rows(told_to_destroy(breach.pk)),
        }
    return render(request, "cases/share.html", context)


def _at(name: str, opened: OpenFile, decision: SharingDecision) -> str:
    return reverse(f"cases:{name}", args=[opened.child.reference, decision.pk])


def _actions(opened: OpenFile, decision: SharingDecision) -> list[dict[str, str]]:
    """What can be done with a decision that holds; that a share was an error may come out after its end."""
    shared, over = decision.kind == SharingKind.SHARED, _is_over(decision, opened.at)
    if decision.kind == SharingKind.INVOLVED:
        href = reverse("cases:involvement", args=[opened.child.reference])
        return [{"text": "See who works with the child", "href": href, "style": "secondary"}]
    if over and (not shared or hasattr(decision, "breach")):
        return []
    actions = []
    if opened.may(Action.END_SHARE):
        text = ("It was shared in error" if over else "Withdraw or end it") if shared else "Close it"
        actions.append({"text": text, "href": _at("withdraw_share", opened, decision), "style": "warning"})
    if opened.may(Action.SHARE) and not over:
        again = (("Decide again not to share", "decline_share"), ("Share it now", "add_share"))
        anew = (("Decide not to share it any more", "decline_share"), ("Share it anew", "add_share"))
        for text, name in anew if shared else again:
            actions.insert(0, {"text": text, "href": _instead(name, opened, decision), "style": "secondary"})
    return actions


def _instead(name: str, opened: OpenFile, decision: SharingDecision) -> str:
    """Where another decision takes the place of this one."""
    query = f"?agency={decision.agency_id}&instead_of={decision.pk}"
    return reverse(f"cases:{name}", args=[opened.child.reference]) + query


def _is_over(decision: SharingDecision, at: datetime) -> bool:
    """Whether a decision was ended, or a share's day is past."""
    return decision.ended_at is not None or (decision.ends_at is not None and decision.ends_at <= at)


@policy(methods=("GET", "POST"), capability=READ, reads_file=True, name="cases:withdraw_share")
@file_page("cases:withdraw_share")
def withdraw_share(request: HttpRequest, opened: OpenFile, decision_id: UUID) -> HttpResponse:
    """Withdraw what was shared in error, or end what is no longer needed, in one step; an error, after its end too."""
    decision = _decision(opened, decision_id)
    if decision.kind == SharingKind.INVOLVED:
        raise NotKnown("no_decision", child_id=opened.child.pk)  # it ends with their work
    opened.check(Action.END_SHARE)
    shared, over = decision.kind == SharingKind.SHARED, _is_over(decision, opened.at)
    form = forms.EndShareForm(posted(request), over=over) if shared else forms.CloseForm(posted(request))

    def end(said: dict[str, Any]) -> SharingDecision:
        kind = SharingEnd(said["end_kind"]) if shared else SharingEnd.NOT_NEEDED
        return services.end_decision(
            child=opened.child,
            decision_id=decision_id,
            kind=kind,
            words=said["words"],
            at=opened.at,
            by=opened.viewer,
        )

    ended = taken(form, end, *REFUSALS)
    if ended is not None:
        messages.success(request, _ended_words(ended))
        return redirect("cases:share", opened.child.reference, decision_id)
    receiver = words.receiver_words(decision)
    if not shared:
        return _ask(request, opened, form, heading="Close this decision", button="Close it")
    if over:
        intro = f"{receiver} sees nothing more through this share. {forms.WHAT_AN_ERROR_BRINGS}"
        return _ask(request, opened, form, heading="It was shared in error", button="Tell the guardians", intro=intro)
    intro = f"{receiver} sees nothing more through this share, from now on."
    heading, button = "Withdraw or end this share", "End their access"
    return _ask(request, opened, form, heading=heading, button=button, intro=intro, **_keeping(opened, decision))


def _keeping(opened: OpenFile, decision: SharingDecision) -> dict[str, Any]:
    """What of a share keeps the child safe and must be decided on, with where, for the page that ends it."""
    lost = lost_by_ending(decision, by=opened.viewer, matrix=opened.matrix, at=opened.at)
    href = _instead("decline_share", opened, decision) if opened.may(Action.SHARE) else ""
    return {"template": "cases/share_end.html", "lost": words.names_of(lost), "decline_href": href}


def _ended_words(decision: SharingDecision) -> str:
    if decision.kind == SharingKind.DECLINED:
        return "The decision is closed."
    if hasattr(decision, "breach"):
        return (
            "Withdrawn: their access has ended. The data guardians are told, and whoever it went to is told to destroy "
            "copies. Below is who opened it."
        )
    return THEIR_ACCESS_ENDED


@policy(methods=("GET", "POST"), capability=AUDIT, reads_file=True, name="cases:assess_breach")
@file_page("cases:assess_breach", action=Action.ASSESS_BREACH)
def assess_breach(request: HttpRequest, opened: OpenFile, decision_id: UUID) -> HttpResponse:
    """A data guardian says what follows from a share made in error."""
    decision = _decision(opened, decision_id)
    breach = getattr(decision, "breach", None)
    if breach is None:
        raise NotKnown("no_breach", child_id=opened.child.pk)
    form = forms.AssessBreachForm(posted(request))

    def assess(said: dict[str, Any]) -> Any:
        return services.assess_breach(
            child=opened.child,
            decision_id=decision_id,
            outcome=BreachOutcome(said["outcome"]),
            why=said["why"],
            done=said["done"],
            at=opened.at,
            by=opened.viewer,
        )

    if taken(form, assess, *REFUSALS) is not None:
        messages.success(request, "The assessment is written down, and its clock has stopped.")
        return redirect("cases:share", opened.child.reference, decision_id)
    intro = f"Shared with {words.receiver_words(decision)}. What happened: {breach.words}"
    back = reverse("cases:share", args=[opened.child.reference, decision_id])
    heading = "Assess what was shared in error"
    more = {"template": "cases/assess_breach.html", "button": "Save the assessment", "cancel_href": back}
    return _ask(request, opened, form, heading=heading, intro=intro, **more)
