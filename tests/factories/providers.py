"""A provider of single sign-on as a process of its own, and what a person does in front of it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from accounts.rules.single_sign_on import Provider, providers_of

SECONDS_TO_START = 60


@dataclass(frozen=True)
class RunningProvider:
    """Where it answers."""

    address: str

    def setting(self, **more: Any) -> list[dict[str, Any]]:
        """What the setting SINGLE_SIGN_ON says of it."""
        row = {"id": "council", "name": "Northmere Council", "server_url": self.address, "client_id": "harbour"}
        return [{**row, "secret": "known-to-both", "domains": ["harbour.example"], **more}]

    def providers(self, **more: Any) -> tuple[Provider, ...]:
        return providers_of(self.setting(**more))

    def knows(self, subject: str, **claims: Any) -> None:
        """Write somebody into it."""
        requests.put(f"{self.address}/users/{subject}", json=claims, timeout=10).raise_for_status()

    def signs_in(self, way: str, subject: str) -> str:
        """Sign somebody in where `way` leads; returns where the provider sends them back to."""
        return self._pressed(way, {"sub": subject})

    def says_no(self, way: str) -> str:
        return self._pressed(way, {"action": "deny"})

    def token_for(self, client_id: str, subject: str) -> str:
        """The ID token that another site is given for a subject."""
        asked = {"client_id": client_id, "redirect_uri": "http://elsewhere.example/", "nonce": f"of-{client_id}"}
        way = (
            f"{self.address}/oauth2/authorize?{urlencode({**asked, 'response_type': 'code', 'scope': 'openid email'})}"
        )
        code = parse_qs(urlsplit(self.signs_in(way, subject)).query)["code"][0]
        fields = {**asked, "grant_type": "authorization_code", "code": code, "client_secret": "any"}
        return requests.post(f"{self.address}/oauth2/token", data=fields, timeout=10).json()["id_token"]

    @staticmethod
    def _pressed(way: str, fields: dict[str, str]) -> str:
        answer = requests.post(way, data=fields, allow_redirects=False, timeout=10)
        assert answer.status_code in (302, 303), answer.text[-500:]
        return answer.headers["Location"]


@contextlib.contextmanager
def running_provider() -> Iterator[RunningProvider]:
    """Start one on this machine, on a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"],
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        found = RunningProvider(f"http://127.0.0.1:{port}")
        _wait_for(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(found: RunningProvider, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{found.address}/.well-known/openid-configuration", timeout=5).raise_for_status()
            return
        time.sleep(0.1)
    raise AssertionError("The provider did not start.")
