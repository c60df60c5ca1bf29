"""Database URLs: what one must look like, the driver that it takes, and how it is shown without its password."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, unquote_plus

from hpo.storage.errors import UserError
from hpo.storage.supported import EXAMPLES, require_supported

HIDDEN = "***"

_TO_PSYCOPG = ("postgres", "postgresql", "postgresql+psycopg2")
"""What hosting services hand out, and what other programs write; psycopg is the driver that comes with this one."""

_AT_IN_QUERY = re.compile(r"\?[^@]*=[^@]*@", re.DOTALL)
_SECRET = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)
_PARAMETER = re.compile(r"[?&;\s]([^?&;=\s]*)=")
_PORT = re.compile(r":\d*(?:[/?].*)?", re.DOTALL)
_IN_TEXT = re.compile(r"\S*(?:://|@|(?:pass|pwd)\w*=)\S*", re.IGNORECASE)


def database_url(given: str) -> str:
    """Return the URL that is opened where `given` is typed: with the driver that comes along, and without a `~`.

    Raises UserError, without the password, where it is no URL, is that of a database that cannot hold studies, or leads
    to no file that processes can share.
    """
    scheme, separator, rest = given.partition("://")
    if scheme in _TO_PSYCOPG and separator:
        return database_url(f"postgresql+psycopg://{rest}")
    _require_plain_password(given)
    import sqlalchemy as sa  # noqa: PLC0415 - slow to load, and not needed for what is only shown
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        parsed = sa.make_url(given)
    except (ArgumentError, ValueError):
        # Without its cause: a parser repeats pieces of the URL, and one of them may be a piece of the password.
        raise UserError(
            f"--storage {shown(given)!r} is not a database URL; it must look like {EXAMPLES}, with special characters "
            "of a password percent-encoded, and a number for a port"
        ) from None
    require_supported(parsed.get_backend_name(), shown(given))
    if parsed.get_backend_name() != "sqlite":
        return given
    if not rest.startswith("/") and "@" not in rest:
        _refuse_no_file(given, rest)
    if parsed.database in (None, "", ":memory:"):
        _refuse_no_file(given, "")
    if rest.startswith("/~"):
        return f"{scheme}:///{expanded(rest[1:], '--storage')}"
    return given


def expanded(text: str, option: str) -> str:
    """Return the path `text` with the home folder in place of a leading `~`, which no shell replaces after `=`."""
    try:
        return str(Path(text).expanduser()) if text.startswith("~") else text
    except RuntimeError as error:
        raise UserError(f"{option} {text}: there is no such user's home folder; write the whole path") from error


def shown(url: str) -> str:
    """Return `url` as it may be printed: without its password, and a path in the letters that it was given in.

    It takes whatever was typed in place of a URL, and rather hides too much: what is before the last @ is a password,
    special characters and all; so is a port that is no number, and all from the first `?password=` on.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    for found in _PARAMETER.finditer(f" {rest}"):
        if _SECRET.search(unquote_plus(found[1])):
            end = found.end() - 1  # the blank in front of `rest` is not in it
            return f"{scheme}{separator}{_without_user_password(rest[:end], scheme)}{HIDDEN}"
    return f"{scheme}{separator}{_without_user_password(rest, scheme)}"


def without_password(text: str, url: str) -> str:
    """Return what a driver said about the database at `url`, without what `shown` hides."""
    text = text.replace(url, shown(url))
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)" if len(secret) < 4 else re.escape(secret), HIDDEN, text)
    return text


def without_passwords(text: str, words: Iterable[str] = ()) -> str:
    """Return `text`, which repeats some of `words` that were typed, with every URL in it as it may be shown."""
    for word in words:
        for written in (word, repr(word)[1:-1]):
            if shown(word) != word:
                text = text.replace(written, shown(word))
    return _IN_TEXT.sub(lambda found: shown(found[0]), text)


def _without_user_password(rest: str, scheme: str) -> str:
    """Return what follows the `://` of a URL with a password before its @ hidden; a file has none."""
    if scheme.startswith("sqlite") and rest.startswith("/"):
        return rest
    user, at, host = rest.rpartition("@")
    if at:
        name, colon, _ = user.partition(":")
        return f"{name}{colon}{HIDDEN if colon else ''}@{host}"
    start = rest.find(":") if not rest.startswith(("/", "[")) else -1
    if start < 0 or _PORT.fullmatch(rest[start:]):
        return rest
    return f"{rest[:start]}:{HIDDEN}"


def _require_plain_password(given: str) -> None:
    """Raise UserError where an @ is in a password as it is: what follows it would be taken for the host."""
    scheme, _, rest = given.partition("://")
    if not scheme.startswith("sqlite") and (rest.count("@") > 1 or _AT_IN_QUERY.search(rest)):
        raise UserError(
            f"--storage {shown(given)!r} cannot be understood: special characters of a user or password must be "
            "percent-encoded, @ as %40, : as %3A, / as %2F, # as %23, ? as %3F"
        )


def _refuse_no_file(given: str, path: str) -> NoReturn:
    if path and not path.startswith("?"):
        raise UserError(
            f"--storage {shown(given)!r} has two slashes, so it names a host and no file; write sqlite:///{path}"
        )
    raise UserError(
        f"--storage {shown(given)!r} lives in one process's memory, which workers cannot share; name a file, as "
        "sqlite:///hpo.db does"
    )


def _secrets(url: str) -> set[str]:
    """Return the passwords of `url` as they were written and as they are meant."""
    found: set[str] = set()
    _, _, rest = url.partition("://")
    user, at, _ = rest.rpartition("@")
    if at and ":" in user:
        found.add(user.partition(":")[2])
    for parameter in _PARAMETER.finditer(f" {rest}"):
        if _SECRET.search(unquote_plus(parameter[1])):
            found.add(re.split("[&;]", rest[parameter.end() - 1 :])[0])
    return {each for secret in found for each in (secret, unquote(secret), unquote_plus(secret)) if each}
