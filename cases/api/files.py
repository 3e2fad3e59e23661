"""What a signed-in person may read of files: the worklist, and one file."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request

from accounts.api.operations import asked_of, operation
from accounts.middleware.policy import Caller
from accounts.rules.roles import Capability
from accounts.selectors import now
from accounts.services.access_events import trace_of
from accounts.services.api_calls import Answer
from cases.access.selectors import matrix_now
from cases.api import examples, shapes
from cases.presenters import interface
from cases.presenters.lists import sees_levels
from cases.presenters.overview import existence_categories
from cases.record.selectors import (
    WorklistFilter,
    chronology_of,
    facts_on,
    involvements_of,
    withheld_counts,
    worklist,
)
from cases.record.services import note_files_shown, open_file

ENTRIES_OF_A_PAGE = 25


@operation(name="api:files", callers=(Caller.SESSION,), capability=Capability.READ_FILES)
@extend_schema(
    summary="The files I may see",
    parameters=[shapes.FilesQuery],
    responses={200: shapes.FileList},
    examples=[OpenApiExample("Two files", value=examples.FILES, response_only=True)],
)
def list_files(request: Request) -> Answer:
    """Files that the caller may know of, newest activity first, 25 at a time; each with what may be seen of it."""
    asked = asked_of(request)
    viewer = asked.viewer  # type: ignore[attr-defined]
    matrix, at = matrix_now()
    query = shapes.FilesQuery.of(request.query_params, context={"sees_levels": sees_levels(viewer, matrix)})
    query.is_valid(raise_exception=True)
    wanted = WorklistFilter(
        levels=tuple(query.validated_data.get("level", ())),
        review_overdue_on=timezone.localdate(at) if query.validated_data.get("overdue") == "true" else None,
    )
    page = worklist(viewer, at=at, wanted=wanted, before=query.validated_data.get("cursor"))
    shown = [file.pk for file in page.files]
    note_files_shown(viewer=viewer, page="api:files", child_ids=shown, trace=trace_of(asked))
    return Answer(200, interface.file_lines(page, viewer=viewer, matrix=matrix, at=at))


@operation(name="api:file", callers=(Caller.SESSION,), capability=Capability.READ_FILES, reads_file=True)
@extend_schema(
    summary="One file",
    parameters=[shapes.FileQuery],
    responses={200: shapes.FileShape},
    examples=[OpenApiExample("A file seen in part", value=examples.FILE, response_only=True)],
)
def read_file(request: Request, reference: str) -> Answer:
    """One file, as much of each kind of information as the caller may see. Each reading is written down.

    The reference of a file that was merged into another gives that other one, with its own reference.
    """
    asked = asked_of(request)
    query = shapes.FileQuery.of(request.query_params)
    query.is_valid(raise_exception=True)
    page = query.validated_data.get("chronology_page", 1)
    opened = open_file(
        viewer=asked.viewer,  # type: ignore[attr-defined]
        reference=reference,
        at=now(),
        trace=trace_of(asked),
        page="api:file",
    )
    child, viewer = opened.child, opened.viewer
    entries = chronology_of(
        child,
        viewer=viewer,
        matrix=opened.matrix,
        at=opened.at,
        limit=ENTRIES_OF_A_PAGE + 1,
        skip=(page - 1) * ENTRIES_OF_A_PAGE,
    )
    parts = interface.file_parts(
        opened,
        facts=facts_on(child, viewer=viewer),
        involvements=involvements_of(child.pk),
        entries=entries[:ENTRIES_OF_A_PAGE],
        more=len(entries) > ENTRIES_OF_A_PAGE,
        page=page,
        counts=withheld_counts(child, categories=existence_categories(opened), viewer=viewer),
    )
    return Answer(200, parts)
