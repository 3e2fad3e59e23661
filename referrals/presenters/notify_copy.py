"""The copy of a notification that its referrer keeps: a tagged PDF of what they wrote, and nothing else."""

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from weasyprint import HTML

from accounts.rules.dates import moment
from referrals.models import Notification
from referrals.presenters.notify import result_of, sent_cards


class NothingIsFetched(Exception):
    """A copy is made from its own text: it never asks the network or the disk for anything."""


def _refuse(url: str, *args: Any, **kwargs: Any) -> Any:
    raise NothingIsFetched(url)


def copy_as_pdf(notification: Notification, *, at: datetime, partnership: str) -> bytes:
    """The copy as a PDF/UA-1 document.

    It holds what the referrer wrote and the provisional score, never what was decided or who the child turned
    out to be: a copy made today and one made after the decision say the same but for the time of printing.
    """
    html = render_to_string(
        "pdf/notification.html",
        {
            "reference": notification.reference,
            "partnership": partnership,
            "sent": moment(notification.sent_at),
            "printed": moment(at),
            "referrer": notification.membership.user.full_name,
            "role": notification.membership.get_role_display(),
            "agency": notification.agency.name,
            "cards": sent_cards(notification),
            "evidence": notification.matrix_evidence,
            "matrix_completed": moment(notification.matrix_completed_at),
            "result": result_of(notification),
        },
    )
    pdf: bytes = HTML(string=html, url_fetcher=_refuse).write_pdf(pdf_variant="pdf/ua-1")
    return pdf
