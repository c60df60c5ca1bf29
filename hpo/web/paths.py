"""The path of a request, read in one way only: what can be read in two is no path.

Where the guard reads a path otherwise than the dashboard behind it, the one decides about another page than the other
shows. Bytes that are no UTF-8 are such a case: one program puts a sign in their place, another leaves them out.
"""

from __future__ import annotations

import unicodedata


def decoded(raw: str) -> str | None:
    """Return the path that WSGI hands on as `raw`, its bytes as Latin-1; None if it is not UTF-8.

    None, too, if there are control characters in it, such as NUL or the end of a line: no path of ours has any, and a
    pattern that ends with `$` takes one for nothing.
    """
    try:
        path = raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None
    return None if any(unicodedata.category(sign) == "Cc" for sign in path) else path
