"""Who is asking: the middleware has found out already; here it is taken on, or refused with a 401."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

REALM = 'Bearer realm="Harbour"'


class TokenOrSession(SessionAuthentication):
    """A service account by its token, or a person by the session of the site.

    A person's request that changes something needs the forgery token of the site; one with a token has no cookies.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        asked: Any = request._request
        if asked.token_refused:
            raise AuthenticationFailed(asked.token_refused, code="token_refused")
        if asked.service_token is not None:
            return asked.user, asked.service_token
        if not asked.user.is_authenticated:
            return None
        self.enforce_csrf(request)
        return asked.user, None

    def authenticate_header(self, request: Request) -> str:
        return REALM
