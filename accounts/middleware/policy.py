"""The view registry: every view says who may call it, or it is not served.

`@policy(...)` writes a view into the registry, checks the capability of the acting membership, and makes a
twice-pressed button one record. `PolicyMiddleware` refuses any view that has no policy, at run time: a system
check alone would be skipped by the web server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve, reverse

from accounts.middleware.refusals import refusal_page
from accounts.rules.refusals import NotKnown, Refusal
from accounts.rules.roles import Capability
from accounts.rules.viewers import Viewer
from accounts.services import submissions

View = Callable[..., HttpResponseBase]


class Caller(StrEnum):
    """How somebody says who they are: a person by a session, another organisation's system by a token."""

    SESSION = "session"
    SERVICE = "service"


@dataclass(frozen=True)
class ViewPolicy:
    """Who may call one view. `capability=None` with `public=False` means anybody who is signed in.

    A page is for people; an operation of the interface (`is_operation`, answered in JSON) says for which `callers`.
    """

    name: str
    methods: tuple[str, ...] = ("GET",)
    capability: Capability | None = None
    public: bool = False
    writes: bool = False
    reads_file: bool = False
    needs_membership: bool = True
    before_second_factor: bool = False
    fresh_code: bool = False
    code_to_send: bool = False
    back_to: str = ""
    is_operation: bool = False
    callers: tuple[Caller, ...] = (Caller.SESSION,)


REGISTRY: dict[str, ViewPolicy] = {}


def register(declared: ViewPolicy) -> ViewPolicy:
    """Write a policy into the registry. Raises ValueError where another view has its name."""
    if declared.name in REGISTRY:
        raise ValueError(f"Two views are registered as {declared.name}")
    REGISTRY[declared.name] = declared
    return declared


def policy(
    *,
    methods: tuple[str, ...] = ("GET",),
    capability: Capability | None = None,
    public: bool = False,
    writes: bool | None = None,
    reads_file: bool = False,
    needs_membership: bool = True,
    before_second_factor: bool = False,
    fresh_code: bool = False,
    code_to_send: bool = False,
    back_to: str = "",
    name: str = "",
) -> Callable[[View], View]:
    """Declare who may call a view.

    `writes` (by default: POST among the methods) asks every POST for an idempotency key; a search, which is a
    POST only so that no name stands in a URL, says `writes=False`. `reads_file` marks pages of one child's
    file, which write an AccessEvent. `before_second_factor` marks the few pages on which the second step of signing
    in is set up or taken, and which are therefore open before it; `fresh_code` those that do something grave, which
    somebody with a second step does only within minutes of a code; `code_to_send` those that many read and few send,
    where the code is asked for when the form is sent. `back_to` names the page of a button or a file to take, with the
    same parts in its address: a code leads back there.
    """

    def declare(view: View) -> View:
        full_name = name or f"{view.__module__}.{getattr(view, '__name__', type(view).__name__)}"
        declared = ViewPolicy(
            name=full_name,
            methods=methods,
            capability=capability,
            public=public,
            writes=("POST" in methods) if writes is None else writes,
            reads_file=reads_file,
            needs_membership=needs_membership and not public,
            before_second_factor=before_second_factor,
            fresh_code=fresh_code,
            code_to_send=code_to_send,
            back_to=back_to,
        )
        register(declared)

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refusal = _gate(request, declared)
            if refusal is not None:
                return refusal
            if declared.writes and request.method == "POST" and request.user.is_authenticated:
                return submissions.once(request, declared.name, lambda: view(request, *args, **kwargs))
            return view(request, *args, **kwargs)

        guarded.policy = declared  # type: ignore[attr-defined]
        return guarded

    return declare


def _gate(request: HttpRequest, declared: ViewPolicy) -> HttpResponse | None:
    # HEAD is a GET without its body: to a view that only takes a POST it would be a POST without its checks.
    allowed = (*declared.methods, *(["HEAD"] if "GET" in declared.methods else []), "OPTIONS")
    if request.method == "OPTIONS":
        return HttpResponse(headers={"Allow": ", ".join(allowed)})
    if request.method not in allowed:
        return HttpResponseNotAllowed(allowed, render_to_string("405.html", request=request))
    if declared.public:
        return None
    if not request.user.is_authenticated:
        way_back = urlencode({"next": request.get_full_path()}, safe="/")
        return redirect(f"{reverse('accounts:sign_in')}?{way_back}")
    check_may_call(request, declared)
    return None


def check_may_call(request: HttpRequest, declared: ViewPolicy) -> None:
    """Refuse somebody who holds no role now, or whose role does not do what a view is for."""
    if declared.needs_membership and not request.viewer.role_key:  # type: ignore[attr-defined]
        raise Refusal(
            "You are signed in, but you hold no current role at any agency. Ask your manager.", code="no_role"
        )
    # On a file the access rule asks for the capability itself, after whether the file may be known at all: a
    # stranger then meets the same 404 at every address of it.
    asks_here = declared.capability is not None and not declared.reads_file
    if asks_here and not request.viewer.may(declared.capability):  # type: ignore[attr-defined]
        raise Refusal(
            f"This page is for people with another job in the partnership. You are acting as "
            f"{request.viewer.role_name}.",  # type: ignore[attr-defined]
            code="role_lacks",
        )


def opens(viewer: Viewer, address: str, *, knows_file: bool) -> bool:
    """Whether the page at an address is for the viewer: for their role and, a page of a file, where they may know of
    it. What it says of the thing itself, the page decides.
    """
    try:
        declared = resolve(address).func.policy  # type: ignore[attr-defined]
    except Resolver404:
        return False
    if declared.reads_file and not knows_file:
        return False
    return declared.capability is None or viewer.may(declared.capability)


class PolicyMiddleware:
    """Serves declared views alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        if any("\0" in part for part in kwargs.values() if isinstance(part, str)):
            # No text in the database can hold it, and asking would be an error.
            return refusal_page(request, NotKnown("no_address"))
        if isinstance(getattr(view, "policy", None), ViewPolicy):
            return None
        # What is raised here would pass by the middleware that turns refusals into pages.
        return refusal_page(request, Refusal("This page is not open to anybody yet.", code="undeclared_view"))
