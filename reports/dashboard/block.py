"""Our part of a note, which lives beside what people wrote by hand.

It stands between two marks that Markdown does not show. The first carries a hash of what we wrote: if the text between
them is still that, it is ours to replace; if somebody changed it, it is theirs now, stays below, and ours is written
anew. What stands outside of the marks is never touched. So no word of a user's is lost.
"""

from __future__ import annotations

import hashlib
import re

_BLOCK = re.compile(r"\[//\]: # \(hpo ([0-9a-f]{12}):[^\n]*\)\n\n(.*?)\n\n\[//\]: # \(end of hpo\)", re.DOTALL)
_MARK = re.compile(r"\[//\]: # \((?:hpo [0-9a-f]{12}:[^\n]*|end of hpo)\)\n*")


def merged(note: str, ours: str) -> str:
    """Return `note` with `ours` in the place of what we wrote before; where that is not there, below what is.

    A part of ours that was changed by hand is kept below the new one.
    """
    mark = f"hpo {_hash(ours)}: kept current; what you write above or below stays"
    block = f"[//]: # ({mark})\n\n{ours}\n\n[//]: # (end of hpo)"
    before = _BLOCK.search(note)
    if before is None:
        theirs = _MARK.sub("", note).strip()
        return f"{theirs}\n\n---\n\n{block}" if theirs else block
    if _hash(before[2]) == before[1]:
        return note[: before.start()] + block + note[before.end() :]
    return f"{note[: before.start()]}{block}\n\n---\n\n{before[2]}{note[before.end() :]}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
