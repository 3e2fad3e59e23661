"""Speaking OpenID Connect with a provider, by django-allauth: the way there, and what came back, checked.

Code flow with state, nonce and PKCE. The ID token's signature is checked against the provider's keys, also where it
came straight from it.
"""

from __future__ import annotations

import secrets
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from requests import RequestException

from accounts.rules.sign_in import NotLetIn
from accounts.rules.single_sign_on import Claims, Provider, SignOnRefused, claims_of
from accounts.services.access_events import trace_of
from accounts.services.failed_sign_ins import note_failed_sign_in

# By a key that the provider alone has: a word that Harbour knows too would let anybody sign who knows it.
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


class Unreachable(Exception):
    """The provider does not answer, or answers something that is no OpenID Connect."""


class _Adapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # the library says nothing of its types
    """The library's, coming back to an address of ours."""

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        return request.build_absolute_uri(reverse("accounts:single_sign_on_back", args=[self.provider_id]))


def way_to(request: HttpRequest, provider: Provider, *, held: str, wanted: str) -> HttpResponseBase:
    """Send somebody to a provider, and remember in the session what must come back. Raises Unreachable."""
    known = _Adapter(request, provider.id).get_provider()
    known.oauth2_adapter_class = _Adapter
    nonce = secrets.token_urlsafe(24)
    asked = {"nonce": nonce}
    if provider.second_step_acr:
        asked["acr_values"] = " ".join(sorted(provider.second_step_acr))
    try:
        answer: HttpResponseBase = known.redirect(
            request, process="login", auth_params=asked, nonce=nonce, held=held, wanted=wanted
        )
    except (RequestException, KeyError, ValueError) as error:
        raise Unreachable from error
    return answer


def what_came_back(request: HttpRequest, provider: Provider) -> tuple[Claims, dict[str, Any]]:
    """What the provider says of somebody, and what was remembered when they went there.

    Refuses an answer that this window did not ask for, one that was used, and a token that is not the provider's, not
    for Harbour, too old or for another sign-in; each refusal is written down, of nobody. Raises Unreachable.
    """
    try:
        return _read(request, provider)
    except SignOnRefused as refusal:
        note_failed_sign_in(why=NotLetIn(refusal.code), trace=trace_of(request))
        raise


def _read(request: HttpRequest, provider: Provider) -> tuple[Claims, dict[str, Any]]:
    asked = statekit.unstash_state(request, provider_id=provider.id, state_id=request.GET.get("state", ""))
    if "error" in request.GET:
        raise SignOnRefused(f"You were not signed in at {provider.name}. You can try again.", code="not_signed_in")
    if asked is None or "code" not in request.GET:
        raise SignOnRefused("This sign-in was not begun in this window, or too long ago. Begin again.", code="no_state")
    adapter = _Adapter(request, provider.id)
    app = adapter.get_provider().app
    try:
        tokens = adapter.get_access_token_data(
            request, app, adapter.get_client(request, app), pkce_code_verifier=asked["pkce_code_verifier"]
        )
        token = _checked(adapter, tokens["id_token"], audience=app.client_id)
        userinfo = {} if token.get("email") else adapter._fetch_user_info(tokens["access_token"])
    except RequestException as error:
        raise Unreachable from error
    except (OAuth2Error, jwt.PyJWTError, KeyError, ValueError, TypeError) as error:
        raise SignOnRefused(f"What {provider.name} sent cannot be trusted. Begin again.", code="bad_token") from error
    return claims_of(token, userinfo, nonce=asked["nonce"]), asked


def _checked(adapter: _Adapter, credential: str, *, audience: str) -> dict[str, Any]:
    """What stands in an ID token, once its signature, issuer, audience and time are right.

    allauth's own check is left out: it needs a key's name in each token, which a provider with one key need not give.
    """
    header = jwt.get_unverified_header(credential)
    with get_adapter().get_requests_session() as session:
        answer = session.get(adapter.openid_config["jwks_uri"])
        answer.raise_for_status()
    keys = [key for key in answer.json()["keys"] if header.get("kid") in (None, key.get("kid"))]
    if header["alg"] not in SIGNED_BY or len(keys) != 1:
        raise ValueError("no key of the provider's")
    found: dict[str, Any] = jwt.decode(
        credential,
        jwt.PyJWK(keys[0], algorithm=header["alg"]).key,
        algorithms=[header["alg"]],
        audience=audience,
        issuer=adapter.openid_config["issuer"],
        leeway=60,
        options={"require": ["iss", "sub", "aud", "exp", "iat"]},
    )
    if found.get("azp", audience) != audience:
        raise ValueError("given to another site")
    return found


def way_out(request: HttpRequest, provider: Provider) -> str:
    """Where one signs out at a provider; empty where it has no such page. Raises Unreachable."""
    try:
        ends = str(_Adapter(request, provider.id).openid_config.get("end_session_endpoint") or "")
    except (RequestException, ValueError) as error:
        raise Unreachable from error
    back = request.build_absolute_uri(reverse("accounts:sign_in"))
    return f"{ends}?{urlencode({'client_id': provider.client_id, 'post_logout_redirect_uri': back})}" if ends else ""
