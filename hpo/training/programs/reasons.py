"""Why a program gave no score, in one sentence, and what else is known."""

from __future__ import annotations

import os
import signal

from hpo.training.programs.output import Output, Tail
from hpo.training.programs.process import Ending, How
from hpo.training.protocol import TrainingFailedError

_CRASHES = {
    signal.SIGSEGV: "it used memory that is not its own",
    signal.SIGBUS: "it used memory that is not there",
    signal.SIGILL: "this processor lacks an instruction that it was built with",
    signal.SIGFPE: "an invalid calculation, such as a division by zero",
    signal.SIGABRT: "it gave up by itself, as it found itself in a wrong state",
    signal.SIGKILL: "somebody killed it, or the system did as memory ran out",
    signal.SIGXCPU: "the system's limit of processor time",
    signal.SIGPIPE: "it wrote to something that was closed",
}
"""What usually lies behind a signal that ends a program."""


def failure(
    program: str, ending: Ending, output: Output, *, minutes: float | None = None, memory_gb: float | None = None
) -> TrainingFailedError | None:
    """Return why there is no score of `program`, None where it ended as it should and gave one.

    minutes, memory_gb: its limits.
    """
    reason = _reason_of(ending, minutes=minutes, memory_gb=memory_gb)
    if reason is None and output.score is None:
        reason = _unscored(output)
    elif reason is not None:
        last = _last_of(ending.errors)
        reason += f": {last}" if last else ""
    return None if reason is None else failed(program, reason, ending, output)


def failed(program: str, reason: str, ending: Ending, output: Output) -> TrainingFailedError:
    """Return the error for `reason`, with the end of what the program said as its details."""
    details = [
        f"{title}, the end of it:\n{text}"
        for title, text in (("standard error", ending.errors), ("standard output", output.tail.text()))
        if text
    ]
    return TrainingFailedError(f"{program} {reason}", "\n\n".join(details))


def _reason_of(ending: Ending, *, minutes: float | None, memory_gb: float | None) -> str | None:
    """Return how it ended, as in "train.js ...", None where it ended well."""
    if ending.how == "ended":
        return _of_code(ending.code)
    entered = "its working folder cannot be entered" if ending.place == "folder" else "it cannot be started"
    taken = f"{ending.peak / 1e9:.3g} GB of memory"
    reasons: dict[How, str] = {
        "failed": f"did not run, as {entered} ({os.strerror(ending.code)})",
        "minutes": f"was ended, as a training may take {minutes or 0:g} minutes (trainer.minutes)",
        "memory": f"was ended, as it took {taken} and may take {memory_gb or 0:g} GB (trainer.memory_gb)",
        "stopped": "was stopped",
        "lost": "was lost, as the process that looks after it was killed",
    }
    return reasons[ending.how]


def _of_code(code: int) -> str | None:
    """Return what an exit code says, None where all is well; shells tell of a signal by 128 and its number."""
    if code < 0:
        return f"was ended by {_name(-code)}{_behind(-code)}"
    if code > 128 and _is_signal(code - 128):
        return f"ended with exit code {code}, as after {_name(code - 128)}{_behind(code - 128)}"
    return f"ended with exit code {code}" if code else None


def _unscored(output: Output) -> str:
    """Return what is missing in the output of a program that ended well."""
    example = f'{{"percent": {output.asked}, "{output.names[-1]}": 0.93}}'
    if output.lines:
        told = ", ".join(f"{line.percent:g}" for line in output.lines[-3:])
        return f"gave no score for {output.asked} %, but for {told} %; print a line such as {example}"
    if output.misread:
        return f"gave no score, and {output.misread}; print a line such as {example}"
    last = output.tail.last_line()
    said = f"what it printed ended with: {last}" if last else "it printed nothing"
    return f"gave no score: {said}; it has to print a line such as {example}"


def _last_of(errors: str) -> str:
    tail = Tail()
    tail.add(errors.encode())
    return tail.last_line()


def _is_signal(number: int) -> bool:
    return number in {each.value for each in signal.Signals}


def _name(number: int) -> str:
    return signal.Signals(number).name if _is_signal(number) else f"signal {number}"


def _behind(number: int) -> str:
    behind = _CRASHES.get(signal.Signals(number)) if _is_signal(number) else None
    return f" ({behind})" if behind else ""
