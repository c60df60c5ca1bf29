"""The page that the dashboard opens on: each study with what it found, and the ways to see more of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from hpo.web.findings import Finding

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Studies</title><link rel="icon" href="/favicon.ico">
<style>
:root {{ color-scheme: light dark; --grey: light-dark(#5f5f5f, #a6a6a6); --line: light-dark(#ddd, #444) }}
body {{ font: 16px/1.5 system-ui, "Noto Sans", "Noto Sans CJK KR", sans-serif; max-width: 46rem; margin: 2rem auto;
  padding: 0 1rem; overflow-wrap: anywhere }}
h1 {{ font-size: 1.5rem }}
h2 {{ font-size: 1.15rem; margin: 0 }}
article {{ border-top: 1px solid var(--line); padding: 1rem 0 }}
p {{ margin: .4rem 0 }}
.small, nav {{ color: var(--grey); font-size: .875rem }}
nav {{ display: flex; flex-wrap: wrap; gap: .25rem 1.25rem }}
</style></head><body><h1>Studies</h1>
{body}
</body></html>
"""
_STATES = {"done": "done", "running": "not finished"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A study on the page. `finding` None: it was made by another program, or (`unread`) there was no time to look."""

    id: int
    name: str
    finding: Finding | None
    unread: bool = False


def start_page(studies: Sequence[Listed]) -> str:
    """Return the page that lists `studies`, in their order."""
    if not studies:
        start = "<code>hpo run --study mnist_wd</code>"
        return _PAGE.format(body=f"<p>No study yet. Start one: {start}</p>")
    compare = '<nav><a href="/dashboard/compare-studies">Compare their trials</a></nav>' if len(studies) > 1 else ""
    return _PAGE.format(body="\n".join([*map(_article, studies), compare]))


def _article(study: Listed) -> str:
    finding, name = study.finding, escape(study.name)
    here = f"/dashboard/studies/{study.id}"
    if finding is None:
        told = (
            "Not read yet; load this page again to see what it found." if study.unread else "Made by another program."
        )
        links = {"Trials and charts": here, "Notes": f"{here}/note"}
        title, where, small = study.name, here, ""
    else:
        told, title, where = finding.conclusion, finding.title, f"{here}/note"
        links = {
            "Values, tables and notes": f"{here}/note",
            "Charts": here,
            "Trials": f"{here}/trials",
            "Report": f"/report/{quote(study.name, safe='')}",
        }
        small = f'<p class="small">{name} · {escape(_STATES.get(finding.state, finding.state))}</p>'
    ways = "".join(f'<a href="{escape(to)}">{said}</a>' for said, to in links.items())
    heading = f'<h2><a href="{escape(where)}">{escape(title)}</a></h2>'
    return f"<article>{heading}{small}<p>{escape(told)}</p><nav>{ways}</nav></article>"
