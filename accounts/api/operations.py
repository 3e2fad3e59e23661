"""The operations of the interface: each declares in the registry who may call it, as every page does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.middleware.policy import Caller, ViewPolicy, check_may_call, register
from accounts.rules.refusals import Refusal
from accounts.rules.roles import Capability
from accounts.services.api_calls import Answer, answer_once

KEY_HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{8,100}")
ASK_FOR_KEY = (
    "Send a header Idempotency-Key of 8 to 100 letters, digits or signs, new for each thing you do and the same "
    "whenever you send it again."
)
OperationView = Callable[..., Answer]


class Operation(APIView):
    """One operation. It is called by whom its policy names, and by nobody else."""

    declared: ClassVar[ViewPolicy]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "OPTIONS":
            return
        if not request.user.is_authenticated:
            raise NotAuthenticated()
        if request.method.lower() not in self._own_methods():
            return  # answered with a 405 by what comes next
        caller = Caller.SESSION if request.auth is None else Caller.SERVICE
        if caller not in self.declared.callers:
            raise Refusal(_other_caller(caller), code="other_caller")
        check_may_call(request._request, self.declared)

    def _own_methods(self) -> set[str]:
        return {method.lower() for method in self.allowed_methods} | {"head"}

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """What may be done here."""
        return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})


def _other_caller(caller: Caller) -> str:
    if caller == Caller.SERVICE:
        return "This is for signed-in people. A service account sends, and reads no file."
    return "This is for the service account of a system. Use the pages of the site."


def operation(
    *,
    name: str,
    method: str = "GET",
    callers: tuple[Caller, ...],
    capability: Capability | None = None,
    reads_file: bool = False,
    needs_membership: bool = True,
) -> Callable[[OperationView], Any]:
    """Declare an operation of the interface, and who may call it; stands above `extend_schema`.

    What changes something needs an Idempotency-Key, and is done once for it. The function gets DRF's request and the
    parts of the address, and gives an `Answer`.
    """

    def declare(view: OperationView) -> Any:
        declared = register(
            ViewPolicy(
                name=name,
                methods=(method,),
                capability=capability,
                writes=method != "GET",
                reads_file=reads_file,
                needs_membership=needs_membership,
                is_operation=True,
                callers=callers,
            )
        )

        def handle(self: Operation, request: Request, *args: Any, **kwargs: Any) -> Response:
            if declared.writes:
                answer = _once(request, declared.name, lambda: view(request, *args, **kwargs))
            else:
                answer = view(request, *args, **kwargs)
            return Response(answer.body, status=answer.status)

        handle.__doc__ = view.__doc__
        handle.kwargs = dict(getattr(view, "kwargs", {}))  # type: ignore[attr-defined]  # what extend_schema wrote
        parts = {method.lower(): handle, "declared": declared, "__doc__": view.__doc__}
        kind: Any = type(view.__name__, (Operation,), parts)
        callback: Any = kind.as_view()
        callback.policy = declared
        return callback

    return declare


def _once(request: Request, name: str, run: Callable[[], Answer]) -> Answer:
    key = request.headers.get(KEY_HEADER, "")
    if not KEY.fullmatch(key):
        raise ValidationError({KEY_HEADER: [ASK_FOR_KEY]})
    return answer_once(user_id=request.user.pk, key=key, operation=name, asked=[request.path, request.data], run=run)


def asked_of(request: Request) -> HttpRequest:
    """The request of Django behind one of DRF."""
    return request._request
