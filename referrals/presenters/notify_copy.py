"""The copy of a notification that its referrer keeps: a tagged PDF of what they wrote, and nothing else."""

import re
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from weasyprint import HTML

from accounts.rules.dates import moment
from referrals.models import Notification
from referrals.presenters.notify import result_of, sent_cards

LONGEST_WORD = 40
LONG_WORD = re.compile(rf"(\S{{{LONGEST_WORD}}})(?=\S)")
ZERO_WIDTH_SPACE = "\u200b"


class NothingIsFetched(Exception):
    """A copy is made from its own text: it never asks the network or the disk for anything."""


def _refuse(url: str, *args: Any, **kwargs: Any) -> Any:
    raise NothingIsFetched(url)


def breakable(text: str) -> str:
    """The text with a place to break in every very long word, so that a web address stays on the paper.

    Without it a column of 3,000 letters took a minute to lay out.
    """
    return LONG_WORD.sub(rf"\1{ZERO_WIDTH_SPACE}", text)


def copy_as_pdf(notification: Notification, *, at: datetime, partnership: str, with_address: bool = False) -> bytes:
    """The copy as a PDF/UA-1 document; an address that must be kept from somebody is in it only where confirmed.

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
            "cards": [
                {**card, "rows": [{**row, "value": breakable(row["value"])} for row in card["rows"]]}
                for card in sent_cards(notification, copy_with_address=with_address)
            ],
            "evidence": breakable(notification.matrix_evidence),
            "matrix_completed": moment(notification.matrix_completed_at),
            "result": result_of(notification),
        },
    )
    pdf: bytes = HTML(string=html, url_fetcher=_refuse).write_pdf(pdf_variant="pdf/ua-1")
    return pdf
