"""What the pages of one child's file have in common, for the templates of every app."""

from typing import Any

from django import template
from django.urls import reverse

from cases.presenters.emergency import emergency_banner
from cases.presenters.frame import file_heading, file_tabs
from cases.record.services import OpenFile

register = template.Library()
WHY = "cases:why"


@register.inclusion_tag("cases/_file_frame.html", takes_context=True)
def file_frame(context: template.Context, opened: OpenFile, active: str) -> dict[str, Any]:
    """The identity bar and the tabs of a file, with only what this viewer may see; `active` is a URL name.

    While the file is open in an emergency every page of it says so first, with the minutes left and how to end it. Each
    leads to why it is open to this viewer.
    """
    return {
        "emergency": emergency_banner(opened),
        "form_owner": context.get("form_owner", ""),
        "child": {**file_heading(opened), "href": reverse("cases:file", args=[opened.child.reference])},
        "tabs": file_tabs(opened, active),
        "reference": opened.child.reference,
        "why_href": "" if active == WHY else reverse(WHY, args=[opened.child.reference]),
    }
