"""The ways out of the house: e-mail, and whatever Apprise knows to reach."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models.sealed import UNREADABLE

LONGEST = 500
SHORTEST_SECRET = 4
# They speak to the machine they run on, or read their credentials from its files.
HERE = {
    "dbus",
    "kde",
    "qt",
    "glib",
    "gnome",
    "macosx",
    "windows",
    "syslog",
    "blink1",
    "deltachat",
    "fcm",
    "vapid",
}
FILES = {"template", "keyfile", "subfile", "pgpkey", "include", "config", "attach"}


class RefusedError(Exception):
    """An address that is not sent to, with the reason in words; another attempt would not help."""


def check(address: str) -> None:
    """Raise RefusedError where an Apprise URL cannot or must not be used. Asks nothing of the network."""
    _plugin(address)


def masked(address: str) -> str:
    """What an address can be known by: its kind, its host and its last two letters, never the rest."""
    scheme, _found, rest = address.partition("://")
    try:
        shown = str(_plugin(address).url(privacy=True))
    except RefusedError:
        return f"{scheme[:20]}://…"
    place = re.split(r"[/?]", shown.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    if "." not in place:  # no host, but a name that may be all one has to know, such as a topic
        place = place[:2]
    return f"{scheme[:20]}://{place[:60]}…{rest[-2:]}"


def without_secrets(words: str, address: str) -> str:
    """What a service said, without what of its address it repeats: each part of it may be a key."""
    kept = _hosts(_plugin(address))
    for part in sorted(set(re.split(r"[/?&=:@#,+]+", address.partition("://")[2])), key=len, reverse=True):
        if len(part) >= SHORTEST_SECRET and part not in kept:
            words = words.replace(part, "…").replace(unquote(part), "…")
    return words


@dataclass(frozen=True, slots=True)
class Letter:
    """An e-mail as somebody wrote it: what stands in it, as text and as HTML."""

    subject: str
    text: str
    html: str


def plain_letter(title: str, message: str) -> Letter:
    """The e-mail of an ordinary message, with the way to all of them."""
    where = settings.PUBLIC_URL.rstrip("/") + reverse("accounts:notifications")
    return Letter(f"CryptoPredict: {title}", f"{message}\n\n{where}\n", "")


def mail(*, to: str, letter: Letter) -> str:
    """Send a letter; "" where the mail server took it, else why not."""
    made = EmailMultiAlternatives(letter.subject.replace("\n", " "), letter.text, to=[to])
    if letter.html:
        made.attach_alternative(letter.html, "text/html")
    try:
        made.send()
    except OSError as error:  # what smtplib raises is one
        return f"{type(error).__name__}: {error}"[:LONGEST]
    return ""


def send(*, address: str, title: str, message: str) -> str:
    """Send to an Apprise URL; "" where it arrived, else why not. Raises RefusedError."""
    plugin = _plugin(address)
    for host in _hosts(plugin):
        _demand_outside(host, _addresses(host))
    import apprise

    with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as said:
        try:
            arrived = bool(plugin.notify(title=title, body=message, body_format=apprise.NotifyFormat.TEXT))
        except Exception as error:  # a plugin's own mistake is that delivery's failure, not the worker's
            return without_secrets(f"{type(error).__name__}: {error}", address)[:LONGEST]
        words = without_secrets(said.getvalue().strip().replace("\n", " "), address)
    return "" if arrived else words[:LONGEST] or _("The service did not take it.")


@cache
def _asset() -> Any:
    import apprise

    # No redirects: they would lead to where the address itself may not. Nothing is kept on disk.
    return apprise.AppriseAsset(
        app_id="CryptoPredict", app_desc="CryptoPredict", http_redirects=False, storage_mode="memory"
    )


def _plugin(address: str) -> Any:
    """The Apprise plugin behind an address. Raises RefusedError."""
    import apprise

    if address == UNREADABLE:
        raise RefusedError(
            _("It was stored under another secret key and cannot be read any more: add the service anew.")
        )
    if len(address) > LONGEST:
        raise RefusedError(_("An address has at most %(most)d characters.") % {"most": LONGEST})
    scheme, found, _rest = address.partition("://")
    if not found:
        raise RefusedError(_("That is no address of a service: one begins like tgram:// or discord://."))
    if scheme.lower() in HERE:
        raise RefusedError(_("“%(scheme)s” would speak to the server itself.") % {"scheme": scheme[:20]})
    query = parse_qsl(address.partition("?")[2], keep_blank_values=True)
    names = {name.lower().lstrip("+-:") for name, _value in query}
    if taken := names & FILES:
        message = _("The parameter “%(name)s” names a file of the server: leave it out.")
        raise RefusedError(message % {"name": sorted(taken)[0]})
    plugin = apprise.Apprise.instantiate(address, asset=_asset(), suppress_exceptions=True)
    if plugin is None:
        message = _("The service “%(scheme)s” is not known, or its address is not complete.")
        raise RefusedError(message % {"scheme": scheme[:20]})
    plugin.redirects = False  # whatever the address says
    for host in _hosts(plugin):
        _demand_outside(host, [host])
    return plugin


def _hosts(plugin: Any) -> list[str]:
    """What a plugin connects to where the address says so; for the others this is a token, and no host."""
    found = (getattr(plugin, name, None) for name in ("host", "smtp_host"))
    return [str(host).strip("[]") for host in found if host]


def _addresses(host: str) -> list[str]:
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []  # no host at all, or one that cannot be reached either way


def _demand_outside(host: str, addresses: list[str]) -> None:
    """Raise RefusedError where a host lies in the server's own network, unless that is allowed here."""
    if settings.NOTIFY_LOCAL_NETWORK:
        return
    inside = f".{host}".lower().rstrip(".").endswith((".localhost", ".local", ".internal"))
    for text in addresses:
        try:
            address = ipaddress.ip_address(text.split("%")[0])
        except ValueError:
            continue
        address = getattr(address, "ipv4_mapped", None) or address
        inside = inside or not address.is_global
    if inside:
        message = _("“%(host)s” lies in the server's own network; an administrator can allow that.")
        raise RefusedError(message % {"host": host[:60]})
