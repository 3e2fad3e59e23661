"""A police system reports a child missing, and reports the child back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.operations import asked_of, operation
from accounts.middleware.policy import Caller
from accounts.rules.refusals import NotKnown
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.selectors import now
from accounts.services.api_calls import Answer
from missing import services
from missing.api import examples, shapes
from missing.models import MissingReport
from missing.rules import MissingRefused
from missing.selectors.episodes import report_with

SERVICE, REPORT = (Caller.SERVICE,), Capability.REPORT_MISSING
Done = TypeVar("Done")


def _viewer(request: Request) -> Viewer:
    viewer: Viewer = asked_of(request).viewer  # type: ignore[attr-defined]
    return viewer


def _by_field(call: Callable[[], Done]) -> Done:
    """Do what was asked; what the rules of episodes refuse stands at its field."""
    try:
        return call()
    except MissingRefused as refusal:
        raise serializers.ValidationError({refusal.field or "non_field_errors": [refusal.reason]}) from refusal


def _told(report: MissingReport, state: str) -> dict[str, str]:
    return {"id": str(report.pk), "reference": report.reference, "state": state}


@operation(name="api:report_missing", method="POST", callers=SERVICE, capability=REPORT)
@extend_schema(
    summary="A child is missing",
    request=shapes.MissingEpisode,
    responses={201: shapes.ReportAnswer},
    examples=[
        OpenApiExample("Missing from a children's home", value=examples.REPORT, request_only=True),
        OpenApiExample("Arrived", value=examples.REPORTED, response_only=True, status_codes=["201"]),
    ],
)
def report_missing(request: Request) -> Answer:
    """Open an episode. An exact identity joins it to the child's file, otherwise a file is opened.

    A child who is missing already has one episode, to which this report is added. The answer never says which it was.
    """
    at, by = now(), _viewer(request)
    sent = shapes.MissingEpisode(data=request.data, context={"at": at})
    sent.is_valid(raise_exception=True)
    report = _by_field(
        lambda: services.report_missing_child(
            reported=sent.reported(), details=sent.details(), at=at, by=by, adding=True
        )
    )
    return Answer(201, _told(report, "reported"))


@operation(name="api:report_return", method="POST", callers=SERVICE, capability=REPORT)
@extend_schema(
    summary="The child is back",
    request=shapes.ChildBack,
    responses={200: shapes.ReportAnswer},
    examples=[
        OpenApiExample("Found by police", value=examples.RETURN, request_only=True),
        OpenApiExample("Arrived", value=examples.RETURNED, response_only=True, status_codes=["200"]),
    ],
)
def report_return(request: Request, episode_id: UUID) -> Answer:
    """Close the episode of a report that this account has sent. After missing, the return interview falls due.

    Where somebody has closed it already, what is sent is kept beside it and the answer is the same.
    """
    at, by = now(), _viewer(request)
    report = report_with(by, episode_id)
    if report is None:
        raise NotKnown("no_report")
    sent = shapes.ChildBack(data=request.data, context={"at": at})
    sent.is_valid(raise_exception=True)
    _by_field(lambda: services.return_reported_child(report=report, details=sent.details(), at=at, by=by))
    return Answer(200, _told(report, "returned"))
