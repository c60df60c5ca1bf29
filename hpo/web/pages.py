"""The few pages that are not the dashboard's own: the login, what is refused, what is not there."""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>{head}
<style>
:root {{ color-scheme: light dark }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 15vh auto; padding: 0 1rem }}
input, button {{ font: inherit; padding: .4rem .6rem }}
input {{ width: 100%; box-sizing: border-box; margin: .3rem 0 .8rem }}
</style></head><body><h1>{title}</h1>{body}</body></html>
"""


def message(title: str, text: str) -> str:
    """Return a page that says `text`."""
    return _PAGE.format(title=escape(title), head="", body=f"<p>{escape(text)}</p>")


def login(*, wrong: bool) -> str:
    """Return the page that asks for the token; `wrong` if one was given that is not it."""
    said = '<p role="alert">Wrong token.</p>' if wrong else ""
    return _PAGE.format(
        title="The dashboard is locked",
        head="",
        body=f"""{said}<p>It was given to <code>hpo serve --token</code>.</p>
<form method="post" action="/login"><label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus required>
<button>Open</button></form>""",
    )


def onward(path: str) -> str:
    """Return a page that goes on to `path` by itself.

    Not a redirect: a browser that came from elsewhere would not send our SameSite=Strict cookie along with that one.
    """
    to = escape(path, quote=True)
    return _PAGE.format(
        title="Opening the dashboard",
        head=f'<meta http-equiv="refresh" content="0; url={to}">',
        body=f'<p><a href="{to}">Open the dashboard</a></p>',
    )
