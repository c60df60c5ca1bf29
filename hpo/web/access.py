"""Who may talk to the server, and from where: decisions on a request's headers, as frozen values.

Three things protect it. The name it is called by: a page elsewhere can make its own name point to this machine (DNS
rebinding), but it cannot make the browser send a name of ours. The origin of what changes something: a browser says
from which page a request comes, so that other pages cannot use its reach. And the token, where there is one.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from hpo.storage.errors import UserError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
SHORTEST_TOKEN = 8


@dataclass(frozen=True, slots=True)
class Request:
    """What is looked at of a request. Header names are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def changes_something(self) -> bool:
        """Whether its method is one that changes something."""
        return self.method not in ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one server: the host it listens on, that machine's name, and the token, if there is one."""

    host: str
    machine: str
    token: str | None = None

    @property
    def cookie(self) -> str:
        """What the cookie of who has shown the token holds: it proves the token and does not tell it."""
        return "" if self.token is None else hmac.new(self.token.encode(), b"hpo dashboard", hashlib.sha256).hexdigest()

    def knows_host(self, request: Request) -> bool:
        """Say whether the request calls the server by a name of ours.

        Where it listens to more than this machine, by its address, too: nobody can rebind one.
        """
        name = host_name(request.headers.get("host", ""))
        if name is None:
            return False
        if is_loopback(self.host):
            return is_loopback(name)
        return is_loopback(name) or is_address(name) or name in (self.host.lower(), self.machine.lower())

    def is_token(self, given: str) -> bool:
        """Say whether `given` is the token, in a time that does not tell how much of it is right."""
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.encode())

    def is_allowed(self, request: Request, cookie_name: str) -> bool:
        """Say whether the request shows the token: in its cookie, or as `Authorization: Bearer TOKEN`."""
        if self.token is None:
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(given.strip()):
            return True
        shown = _cookie(request.headers.get("cookie", ""), cookie_name)
        return hmac.compare_digest(shown.encode(), self.cookie.encode())


def comes_from_itself(request: Request) -> bool:
    """Say whether a browser vouches that the request comes from one of our own pages.

    Browsers name the origin of everything that changes something; what does not name one is no page of ours.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site not in (None, "same-origin") or (site is None and origin is None):
        return False
    if origin is None:
        return True
    named = urlsplit(origin)
    return named.scheme in ("http", "https") and named.netloc.lower() == request.headers.get("host", "").lower()


def host_name(host: str) -> str | None:
    """Return the name in a Host header, without the port and the brackets of an IPv6 address; None if it is none."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def is_address(name: str) -> bool:
    """Say whether `name` is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str) -> bool:
    """Say whether `name` can only mean this machine."""
    return name.lower() in LOOPBACK_NAMES or (is_address(name) and ipaddress.ip_address(name).is_loopback)


def check_exposure(host: str, token: str | None, *, insecure: bool) -> None:
    """Raise UserError if anyone on the network could see the studies, and nobody said that this is meant."""
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise UserError(
            f"--token has {len(token)} characters; at least {SHORTEST_TOKEN} keep guessers out. One that does: "
            'python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    if token is not None and not token.isascii():
        raise UserError("--token: only ASCII letters, digits and signs can travel in a header")
    if not is_loopback(host) and token is None and not insecure:
        raise UserError(
            f"--host {host} lets everyone who reaches this machine see the studies, and change their notes: give a "
            "--token that they must know, or say --insecure if that is meant; or use an SSH tunnel to 127.0.0.1"
        )


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value
