"""Why can I see this, and why can't I?"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.middleware.policy import policy
from accounts.rules.roles import Capability
from cases.access.selectors import live_grants_on
from cases.presenters import why as words
from cases.record.services import OpenFile
from cases.views.asking import frame_of
from cases.views.loading import file_page


@policy(capability=Capability.READ_FILES, reads_file=True, name="cases:why")
@file_page("cases:why")
def show_why(request: HttpRequest, opened: OpenFile) -> HttpResponse:
    """What this viewer sees of a file, why, since when and until when; what not, and whom to ask."""
    grants = words.grants_that_count(opened, live_grants_on(opened.child.pk, opened.at))
    context = {
        **frame_of(opened, here="Why can I see this?"),
        "me": words.reasons(opened, grants),
        "seen_columns": words.SEEN_COLUMNS,
        "seen": words.seen_rows(opened, grants),
        "unseen": words.unseen_lines(opened),
        "deed_columns": words.DEED_COLUMNS,
        "deeds": words.deed_rows(opened),
        "ask": words.whom_to_ask(opened),
    }
    return render(request, "cases/why.html", context)
