"""What went wrong in a user's code, in one line: the error, and the last place of its traceback that is theirs."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from hpo.storage.errors import UserError
from hpo.training.protocol import TrainingFailedError

_LONGEST = 300
_OF_OTHERS = ("site-packages", "dist-packages")
_STANDARD = Path(sysconfig.get_path("stdlib"))


def failed(error: BaseException, printed: str = "") -> TrainingFailedError:
    """Return `error`, raised in the user's code, as the reason why a training failed; the whole of it in its details.

    `printed` is what the code had printed at last.
    """
    details = whole(error)
    if printed:
        details += f"\n\nprinted before:\n{printed}"
    return TrainingFailedError(f"{said(error)}{place(error)}", details)


def said(error: BaseException) -> str:
    """Return the last line of the error's traceback."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError):  # one of ours, whose text is a sentence
        return text
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place(error: BaseException) -> str:
    """Return where in the user's code it was raised, or what raised it was called, such as " (train.py, line 7)"."""
    frames = [each for each in _frames(error.__traceback__) if not _is_ours(each)]
    own = [each for each in frames if not _is_of_others(each)] or frames
    if not own:
        return ""
    code = own[-1].tb_frame.f_code
    inside = "" if code.co_name.startswith("<") else f" in {code.co_name}"
    return f" ({Path(code.co_filename).name}, line {own[-1].tb_lineno}{inside})"


def whole(error: BaseException) -> str:
    """Return the whole traceback, from where the user's code begins."""
    frames = _frames(error.__traceback__)
    first = next((each for each in frames if not _is_ours(each)), error.__traceback__)
    return "".join(traceback.format_exception(type(error), error, first)).rstrip()


def _frames(first: TracebackType | None) -> list[TracebackType]:
    frames = []
    while first is not None:
        frames.append(first)
        first = first.tb_next
    return frames


def _is_ours(frame: TracebackType) -> bool:
    name = str(frame.tb_frame.f_globals.get("__name__", ""))
    return name == "hpo" or name.startswith(("hpo.", "importlib."))


def _is_of_others(frame: TracebackType) -> bool:
    path = Path(frame.tb_frame.f_code.co_filename)
    return any(name in path.parts for name in _OF_OTHERS) or _STANDARD in path.parents
