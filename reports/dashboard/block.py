"""Our part of a note, which lives beside what people wrote by hand.

It stands between two marks that Markdown does not show. The first carries a hash of what we wrote: if the text between
them is still that, it is ours to replace; if somebody changed it, it is theirs now, stays below, and ours is written
anew. What stands outside of the marks is never touched. So no word of a user's is lost.

A note is anybody's text, and every search reads it again, so the time that this takes grows no faster than the note:
a mark is short, and its end is looked for once.
"""

from __future__ import annotations

import hashlib
import re

_BEGIN = re.compile(r"\[//\]: # \(hpo ([0-9a-f]{12}):[^\n]{0,100}\)\n\n")
_END = "\n\n[//]: # (end of hpo)"
_MARK = re.compile(r"\[//\]: # \((?:hpo [0-9a-f]{12}:[^\n]{0,100}|end of hpo)\)\n*")


def merged(note: str, ours: str) -> str:
    """Return `note` with `ours` in the place of what we wrote before; where that is not there, below what is.

    A part of ours that was changed by hand is kept below the new one.
    """
    mark = f"hpo {_hash(ours)}: kept current; what you write above or below stays"
    block = f"[//]: # ({mark})\n\n{ours}{_END}"
    begin = _BEGIN.search(note)
    end = -1 if begin is None else note.find(_END, begin.end())
    if begin is None or end < 0:  # with no end after the first mark there is none after another one
        theirs = _MARK.sub("", note).strip()
        return f"{theirs}\n\n---\n\n{block}" if theirs else block
    above, before, below = note[: begin.start()], note[begin.end() : end], note[end + len(_END) :]
    if _hash(before) == begin[1]:
        return above + block + below
    return f"{above}{block}\n\n---\n\n{before}{below}"


def _hash(text: str) -> str:
    """Return what tells `text` from others; half of a letter, as a browser can send one, is a letter here."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
