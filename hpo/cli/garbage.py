"""No search for garbage while a command loads its libraries and data: there is none, and looking takes time."""

from __future__ import annotations

import gc

from hpo.cli.ctrl_c import is_front_door


def put_off() -> None:
    """Look for none, in a process that is one of our commands and no one else's."""
    if is_front_door():
        gc.disable()


def look_again() -> None:
    """Look for it again, but not among what has been loaded so far."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
