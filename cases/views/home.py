"""The home page: each role's own work."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.middleware.policy import policy
from accounts.presenters.notices import notice_lines
from accounts.rules.roles import Capability
from accounts.selectors.notices import unseen_notices
from accounts.services.access_events import trace_of
from cases.access.selectors import matrix_now
from cases.forms.lists import FileSearchForm
from cases.presenters.home import HomeSection, actions_for, greeting, home_blocks
from cases.record.services import note_files_shown
from cases.views.loading import viewer_of

SECTIONS = {
    HomeSection.LATE: "Late",
    HomeSection.WAITING: "Waiting for me",
    HomeSection.CHANGED: "Changed",
}


@policy(needs_membership=False, name="home")
def home(request: HttpRequest) -> HttpResponse:
    """What is late, what waits and what has changed, for whoever is asking."""
    viewer = viewer_of(request)
    if viewer.membership_id is None:
        return render(request, "home.html", {"no_role": True})
    matrix, at = matrix_now()
    blocks, shown = home_blocks(viewer, matrix=matrix, at=at)
    note_files_shown(viewer=viewer, page="home", child_ids={child.pk for child in shown}, trace=trace_of(request))
    sections = [
        {"heading": words, "blocks": [block for block in blocks if block.section == section]}
        for section, words in SECTIONS.items()
    ]
    context = {
        "notices": notice_lines(unseen_notices(viewer.person_id)),
        "sections": [part for part in sections if part["blocks"]],
        "greeting": greeting(viewer, has_blocks=bool(blocks)),
        "actions": actions_for(viewer),
        "search_form": FileSearchForm() if viewer.may(Capability.READ_FILES) else None,
    }
    return render(request, "home.html", context)
