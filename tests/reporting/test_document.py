"""The document is read back: its words and numbers, its tags, its language, and what stands on every page.

Seen to fail: a document without tags.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pikepdf
import pypdf
import pytest

from reporting.models import ReportSnapshot
from reporting.presenters.pdf import report_as_pdf
from reporting.presenters.report import report_of
from tests.factories.cases import make_child, make_spell
from tests.factories.referrals import make_notification
from tests.factories.reporting import SPRING, make_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def snapshot(world) -> ReportSnapshot:
    when = datetime(2026, 2, 10, 12, tzinfo=UTC)
    for level, number in (("high", 12), ("medium", 31), ("low", 3)):
        for _ in range(number):
            make_spell(make_child("Zephyrine", level=level, level_judged_at=when), world.viewer("socialworker"))
    for _ in range(17):
        make_notification(world.viewer("officer"), sent_at=when, given_name="Zephyrine")
    return make_report(world.viewer("analyst")).snapshot


@pytest.fixture
def pdf(snapshot) -> bytes:
    return report_as_pdf(snapshot)[0]


def pages_of(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def tags_of(pdf: bytes) -> list[tuple[str, Any]]:
    """Every element of the structure tree, in reading order."""
    found: list[tuple[str, Any]] = []

    def walk(node: Any) -> None:
        if isinstance(node, pikepdf.Array):
            for each in node:
                walk(each)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                found.append((str(node["/S"]), node))
            if "/K" in node:
                walk(node["/K"])

    with pikepdf.open(io.BytesIO(pdf)) as document:
        walk(document.Root["/StructTreeRoot"]["/K"])
        return [(name, str(node.get("/Alt", ""))) for name, node in found]


def test_the_document_says_what_the_page_says(snapshot, pdf):
    report, words = report_of(snapshot.figures), " ".join(pages_of(pdf))
    for line in (*report["headlines"], *report["quality"], report["before"], snapshot.sha256):
        assert " ".join(line.split()) in words, line
    for measure in report["measures"]:
        for row in measure["rows"]:
            assert " ".join(cell["text"] for cell in row if cell["text"]) in words, row
    assert "Zephyrine" not in words


def test_each_page_says_which_report_it_belongs_to(snapshot, pdf):
    pages = pages_of(pdf)
    assert len(pages) >= 3
    for number, words in enumerate(pages, start=1):
        for mark in (
            SPRING.words,
            str(snapshot.run_id),
            snapshot.sha256[:12],
            "Counted",
            f"Page {number} of {len(pages)}",
        ):
            assert mark in words, (number, mark)


def test_the_document_is_tagged_has_a_title_and_a_language(pdf):
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert document.Root["/MarkInfo"]["/Marked"] == True  # noqa: E712  (a PDF boolean)
        assert str(document.Root["/Lang"]) == "en-GB"
        assert str(document.docinfo["/Title"]) == f"Report to the board, {SPRING.words}"
        assert document.Root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
        with document.open_metadata() as metadata:
            assert str(metadata["pdfuaid:part"]) == "1"
    names = [name for name, _ in tags_of(pdf)]
    assert names.count("/H1") == 1
    assert names.count("/H2") >= 5
    assert names.count("/Table") >= 4
    assert {"/TH", "/TD", "/Caption", "/L", "/LI", "/P"} <= set(names)


def test_each_chart_is_a_figure_with_words(snapshot, pdf):
    figures = [alt for name, alt in tags_of(pdf) if name == "/Figure"]
    assert len(figures) == len(snapshot.figures["measures"])
    assert all(alt.startswith("Chart: ") for alt in figures)


def test_no_heading_stands_at_the_foot_of_a_page(snapshot, pdf):
    headings = ["How each figure is counted", "Definitions used", "How far these figures can be trusted"]
    headings += [table["title"] for table in snapshot.figures["measures"]]
    for words in pages_of(pdf):
        content = words.rsplit("Totals alone", 1)[0].strip()
        assert not [heading for heading in headings if content.endswith(heading)]


def test_the_same_snapshot_gives_the_same_words(snapshot):
    first, second = (report_as_pdf(snapshot)[0] for _ in range(2))
    assert pages_of(first) == pages_of(second)
