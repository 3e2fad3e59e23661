"""Addresses that exist in tests alone: views that go wrong on purpose."""

import threading

from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.choices import Sector
from accounts.middleware.policy import policy
from accounts.models import Agency
from accounts.rules.refusals import Refusal
from config.urls import urlpatterns as product
from tests.factories.accounts import make_agency


@policy(methods=("POST",), writes=False)
def write_then_refuse(request: HttpRequest) -> HttpResponse:
    make_agency("Half written", sector=Sector.VOLUNTARY)
    raise Refusal("You may not do this after all.", code="second_thoughts")


@policy(methods=("POST",), writes=False)
def write_then_break(request: HttpRequest) -> HttpResponse:
    make_agency("Half written", sector=Sector.VOLUNTARY)
    raise RuntimeError("Something nobody thought of")


@policy(methods=("POST",), writes=False)
def write(request: HttpRequest) -> HttpResponse:
    make_agency("Whole", sector=Sector.VOLUNTARY)
    return HttpResponse("done")


@policy()
def write_on_a_get(request: HttpRequest) -> HttpResponse:
    Agency.objects.filter(name="Harbourside Families").update(telephone="01632 960 199")
    return HttpResponse("done")


GATE = threading.Barrier(2)
TRIED: list[str] = []


@policy(methods=("POST",), writes=False)
def write_in_an_order(request: HttpRequest) -> HttpResponse:
    """Two agencies, in the order asked for; the first time both who ask hold one before they want the other."""
    TRIED.append(request.POST["first"])
    for number, field in enumerate(("first", "second")):
        Agency.objects.filter(name=request.POST[field]).update(telephone=request.POST["telephone"])
        if number == 0 and len(TRIED) <= 2:
            GATE.wait(timeout=10)
    if request.POST.get("refuse"):
        raise Refusal("You may not do this after all.", code="second_thoughts")
    return HttpResponse("done")


def undeclared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("This must never be read")


urlpatterns = [
    path("probe/refuse", write_then_refuse),
    path("probe/break", write_then_break),
    path("probe/write", write),
    path("probe/get", write_on_a_get),
    path("probe/order", write_in_an_order),
    path("probe/undeclared", undeclared),
    *product,
]
