"""What the child says about who may know."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from cases.access.rules import Action
from cases.forms.shares import WishForm
from cases.record.services import OpenFile
from cases.sharing.choices import Understands, WishKind
from cases.sharing.rules.shares import ShareRefused
from cases.sharing.selectors.wishes import against_wish
from cases.sharing.services.wishes import record_wish
from cases.views.asking import ask_on_file, posted, taken
from cases.views.loading import file_page


@policy(methods=("GET", "POST"), capability=Capability.WRITE_FILES, reads_file=True, name="cases:record_wishes")
@file_page("cases:record_wishes", action=Action.SHARE)
def record_wishes(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """What the child says about who may know; a share against it needs a ground."""
    initial = {"version": opened.child.version, "said_on": timezone.localdate(opened.at)}
    form = WishForm(posted(request), at=opened.at, initial=initial)

    def record(said: dict[str, Any]) -> Any:
        return record_wish(
            opened=opened,
            kind=WishKind(said["kind"]),
            categories=said["kept"],
            sectors=said["kept_from"],
            words=said["words"],
            understands=Understands(said["understands"]),
            said_on=said["said_on"],
            version=said["version"] or 0,
            at=opened.at,
            by=opened.viewer,
        )

    back = reverse("cases:sharing", args=[opened.child.reference])
    wish = taken(form, record, ShareRefused)
    if wish is not None:
        against = " What goes against it is below: look at it again." if against_wish(wish, at=opened.at) else ""
        messages.success(request, f"Written down. Whoever shares reads it first.{against}")
        return redirect(back)
    intro = "What keeps a child safe always reaches children’s social care and the police. Say so to the child."
    heading = "What the child says about sharing"
    return ask_on_file(request, opened, form, heading=heading, cancel_href=back, under="cases:sharing", intro=intro)
