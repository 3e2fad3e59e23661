"""The report as a document: a tagged PDF made of a snapshot and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from weasyprint import HTML

from accounts.rules.dates import moment
from reporting.models import ReportSnapshot
from reporting.presenters.report import report_of


class NothingIsFetched(Exception):
    """A report is made from its own text: it never asks the network or the disk for anything."""


def _refuse(url: str, *args: Any, **kwargs: Any) -> Any:
    raise NothingIsFetched(url)


def report_as_pdf(snapshot: ReportSnapshot) -> tuple[bytes, int]:
    """The report as PDF/UA-1, and the number of its pages. The same snapshot gives the same words."""
    html = render_to_string(
        "pdf/report.html",
        {
            **report_of(snapshot.figures),
            "number": str(snapshot.run_id),
            "sha256": snapshot.sha256,
            "counted": moment(datetime.fromisoformat(snapshot.figures["as_at"])),
        },
    )
    document = HTML(string=html, url_fetcher=_refuse).render(pdf_variant="pdf/ua-1")
    return document.write_pdf(pdf_variant="pdf/ua-1"), len(document.pages)
