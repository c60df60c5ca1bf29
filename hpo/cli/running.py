"""What all front doors share: where the database is, how errors end a program, and how lines are said."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
import warnings
from collections.abc import Callable

from hpo.cli import garbage
from hpo.cli.ctrl_c import raised
from hpo.definition.printable import printable
from hpo.engine.exit_codes import FAILED, INTERRUPTED, MISTAKE
from hpo.engine.interrupts import Interrupted
from hpo.record.untrusted import UnreadableStudyError
from hpo.storage.errors import UserError
from hpo.storage.urls import shown


def complain(text: str) -> None:
    """Print a line to where errors go."""
    print(printable(text), file=sys.stderr, flush=True)


def run_command(command: Callable[[], int], *, watch: bool = True) -> int:
    """Run a front door and return its exit code; a user's mistake is one clear message, never a traceback.

    `watch`: see hpo.cli.ctrl_c.raised.
    """
    garbage.look_again()
    try:
        with raised(watch=watch):
            return command()
    except UserError as error:
        complain(f"error: {error}")
        if isinstance(error, UnreadableStudyError) and _is_verbose():
            complain("".join(traceback.format_exception(error.__cause__)).rstrip())  # it may be our own mistake
        return MISTAKE
    except (KeyboardInterrupt, Interrupted):  # it has been said already
        return INTERRUPTED
    except BrokenPipeError:  # somebody closed the pipe, as `| head` does
        sys.stderr.close()
        return FAILED
    except OSError as error:
        if error.errno not in FULL:
            raise
        what = f" to {error.filename}" if error.filename else ""
        complain(
            f"error: nothing more can be written{what}: {error.strerror}; free some space and run the same command "
            "again: finished trials are kept"
        )
        _let_go_of_output()
        return FAILED


FULL = (errno.ENOSPC, errno.EDQUOT)


def _let_go_of_output() -> None:
    """Send what is still to be printed nowhere: Python tries at its end once more, and complains."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def quiet_optuna(verbose: bool) -> None:
    """Keep Optuna's log lines and its notes on experimental features to those who ask for them."""
    import optuna  # noqa: PLC0415 - slow to load, and not needed for a mistake in the command

    optuna.logging.set_verbosity(optuna.logging.INFO if verbose else optuna.logging.ERROR)
    if not verbose:
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


def _is_verbose() -> bool:
    import optuna  # noqa: PLC0415 - see quiet_optuna

    return optuna.logging.get_verbosity() <= optuna.logging.INFO  # -v


def say(text: str) -> None:
    """Print a line at once; what steers a terminal is written out."""
    print(printable(text), flush=True)


def stopped(storage: str) -> int:
    """Say that what was asked to stop goes on with the same command, and return the exit code of that."""
    say(f"stopped; finished trials are kept in {shown(storage)}. The same command resumes.")
    return INTERRUPTED
