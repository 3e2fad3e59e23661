"""A device and an address in plain words: enough to know one's own again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

# The first that stands in what a browser says of itself: the others also call themselves by the later names.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "an Android telephone or tablet"),
    ("Windows", "a Windows computer"),
    ("CrOS", "a Chromebook"),
    ("Mac OS X", "a Mac"),
    ("Linux", "a Linux computer"),
)


def device_words(agent: str) -> str:
    """What a browser says of itself as `Edge on a Windows computer`; what is not known is called a browser."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def address_words(address: str | None, networks: Mapping[str, str]) -> str:
    """Roughly where an address is: a network that has a name here, this machine, or how the address begins."""
    if not address:
        return "An unknown address"
    found = ip_address(address)
    for network, name in networks.items():
        if found in ip_network(network):
            return name
    if found.is_loopback:
        return "The machine that Harbour runs on"
    begins = ".".join(address.split(".")[:2]) if found.version == 4 else ":".join(found.exploded.split(":")[:2])
    return f"An address that begins with {begins}"


def last_used_at(expires_at: datetime, *, idle_seconds: int) -> datetime:
    """When a session was last used: each use puts its end off by the same time."""
    return expires_at - timedelta(seconds=idle_seconds)


def code_is_fresh(given_at: float | None, at: datetime, *, seconds: int) -> bool:
    """Whether a code was given so lately that what is grave may be done; whoever gives none is asked for none."""
    return given_at is None or 0 <= at.timestamp() - given_at <= seconds
