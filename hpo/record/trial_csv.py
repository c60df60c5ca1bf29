"""A CSV file of trials as an audit takes it: which columns are hyperparameters, and on which axes they lie.

What other tools write is known by its names: Optuna's `params_lr`, MLflow's `params.lr`, Ray's `config/lr`. What had to
be guessed is said in a sentence each, with the option that says it better.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpo.auditing.search import AuditedSearch, AuditedTrial, State
from hpo.definition.printable import on_one_line
from hpo.record.audited import checked, metric_of
from hpo.searching.metric import Direction, Metric
from hpo.searching.space import Categorical, Hyperparameter, Interval, Numeric, SearchSpace
from hpo.storage.errors import UserError

PREFIXES = ("params_", "params.", "param_", "config/", "config.", "hparams/")
NO_HYPERPARAMETERS = frozenset(
    (
        *("", "unnamed: 0", "index", "id", "number", "trial", "trial_id", "trial_number", "run", "run_id", "name"),
        *(
            "state",
            "status",
            "seed",
            "random_state",
            "duration",
            "time",
            "timestamp",
            "date",
            "start",
            "end",
            "runtime",
        ),
        *("datetime_start", "datetime_complete", "created", "worker", "host", "hostname"),
    )
)
"""Columns that are left out unless --columns names them."""

STATES: Mapping[str, State] = {
    **dict.fromkeys(("complete", "completed", "finished", "done", "success", "terminated"), "finished"),
    **dict.fromkeys(("pruned", "stopped", "killed", "early_stopped"), "stopped"),
    **dict.fromkeys(("fail", "failed", "error", "crashed"), "failed"),
    **dict.fromkeys(("running", "waiting", "pending", "scheduled", "queued"), "running"),
}
NUMBERS = ("number", "trial", "trial_id", "trial_number", "id", "run", "run_id", "index")
TOLD = ("state", "status")
MISSING = frozenset(("", "nan", "na", "n/a", "null", "none", "-"))
WIDE, LADDER = 30.0, 4.0
"""A range whose high end is so many times its low one may lie on a log axis; a ladder of equal factors, from which
batch sizes are often chosen, may be shorter."""
FIRST, DOUBT = 10, 2.0
"""Samplers that learn draw their first trials at random, so that these show on which axis they draw: by
the logarithm of how much more probable they have to be on a log axis."""
LARGEST = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Columns:
    """What is said of the columns of a file: names, or none where it is to be seen from the file."""

    score: str
    hyperparameters: Sequence[str] = ()
    ignored: Sequence[str] = ()
    log: Sequence[str] = ()
    linear: Sequence[str] = ()


def read_csv(path: Path, columns: Columns, direction: Direction, metric: str | None = None) -> AuditedSearch:
    """Return the trials of the CSV file `path`, one a line, in the order of its lines.

    Raises UserError, naming file and line, for what can't be understood.
    """
    head, rows = _table(path)
    if columns.score not in head:
        raise UserError(f"{path} has no column {columns.score!r} for --score; its columns: {_listed(head)}")
    for option, given in (
        ("columns", columns.hyperparameters),
        ("ignore", columns.ignored),
        ("log", columns.log),
        ("linear", columns.linear),
    ):
        unknown = [name for name in given if name not in head]
        if unknown:
            raise UserError(f"{path} has no column {unknown[0]!r} for --{option}; its columns: {_listed(head)}")
    declared = metric_of(metric, direction, columns.score)
    wanted, notes = _wanted(head, rows, columns)
    cells = {name: [_value(row[name]) for row in rows] for name in wanted}
    space: dict[str, Hyperparameter] = {}
    logs = []
    for name in wanted:
        found = _hyperparameter(name, cells[name], columns)
        if found is None:
            continue
        space[name] = found
        if isinstance(found, Numeric) and found.log and name not in columns.log:
            logs.append(name)
    if logs:
        notes.append(f"Taken for log axes: {_listed(logs)} (--linear says otherwise).")
    fixed = [name for name in wanted if name not in space]
    if fixed:
        notes.append(f"Left out because it never varied: {_listed(fixed)}.")
    notes.append("The ranges are from the lowest to the highest value tried: a CSV does not say what was searched.")
    scores = [_score(path, place, row[columns.score]) for place, row in enumerate(rows)]
    configs = [{name: cells[name][i] for name in space if cells[name][i] is not None} for i in range(len(rows))]
    numbers, counted = _numbers(head, rows)
    notes += counted
    bare = _without_prefix(wanted)
    params = [
        {name: cells[whole][i] for name, whole in zip(bare, wanted, strict=True) if cells[whole][i] is not None}
        for i in range(len(rows))
    ]
    trials = [
        replace(_trial(number, row, config, score, declared), params=given)
        for number, row, config, score, given in zip(numbers, rows, configs, scores, params, strict=True)
    ]
    return checked(
        AuditedSearch(path.name, declared, SearchSpace(space), trials, ranges_are_known=False, notes=tuple(notes)),
        metric,
    )


def _table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is larger than {LARGEST // 2**20} MB, too large for a file of trials")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"--csv {path} can't be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"--csv {path} is no text in UTF-8, so it is no CSV file that can be read") from error
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        lines = [
            line for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if any(line)
        ]
    except csv.Error as error:
        raise UserError(f"--csv {path} is no CSV file that can be read: {error}") from error
    if len(lines) < 2:
        raise UserError(f"--csv {path} has no trials: it needs a line of column names, and a line for each trial")
    head = [name.strip() for name in lines[0]]
    twice = [name for name in head if head.count(name) > 1]
    if twice:
        raise UserError(f"--csv {path} has two columns called {twice[0]!r}; rename one")
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(head):
            raise UserError(f"--csv {path}, line {number}: {len(line)} cells under {len(head)} column names")
    return head, [dict(zip(head, (cell.strip() for cell in line), strict=True)) for line in lines[1:]]


def _wanted(head: Sequence[str], rows: Sequence[Mapping[str, str]], columns: Columns) -> tuple[list[str], list[str]]:
    """Return the columns that are hyperparameters, and a sentence on those that were left out without being asked."""
    if columns.hyperparameters:
        return [name for name in columns.hyperparameters if name not in (columns.score, *columns.ignored)], []
    rest = [name for name in head if name != columns.score and name not in columns.ignored]
    for prefix in PREFIXES:
        prefixed = [name for name in rest if name.startswith(prefix)]
        if prefixed:
            others = len(rest) - len(prefixed)
            return prefixed, [
                f"Hyperparameters are the columns that begin with {prefix}; {others} others were left out."
            ]
    unlike = [name for name in rest if name.lower() in NO_HYPERPARAMETERS or _is_label(name, rows)]
    left = [name for name in unlike if name not in (*columns.log, *columns.linear)]
    note = f"Left out as no hyperparameters: {_listed(left)} (--columns says otherwise)."
    return [name for name in rest if name not in left], [note] if left else []


def _without_prefix(names: Sequence[str]) -> list[str]:
    """Return what hyperparameters are called where they were searched, not in a file: `lr` for `params_lr`."""
    for prefix in PREFIXES:
        if names and all(name.startswith(prefix) and name != prefix for name in names):
            return [name.removeprefix(prefix) for name in names]
    return list(names)


def _is_label(name: str, rows: Sequence[Mapping[str, str]]) -> bool:
    """Say whether a column only numbers or names the trials: 0, 1, 2, ..., or a text that no two share."""
    cells = [row[name] for row in rows]
    if len(cells) < 3 or len(set(cells)) < len(cells):
        return False
    values = [_value(cell) for cell in cells]
    if all(isinstance(value, str) for value in values):
        return True
    steps = [b - a for a, b in itertools.pairwise(values) if _is_whole(a) and _is_whole(b)]
    return len(steps) == len(values) - 1 and set(steps) == {1}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _value(cell: str) -> Any:
    """Return what a cell says: a whole number, a number, true or false, a text; None where it is empty."""
    if cell.lower() in MISSING:
        return None
    if cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    for kind in (int, float):
        try:
            value = kind(cell)
        except ValueError:
            continue
        return value if math.isfinite(value) else cell
    return cell


def _hyperparameter(name: str, cells: Sequence[Any], columns: Columns) -> Hyperparameter | None:
    """Return what a column is; None where it never varied. Raises UserError where it can't have the axis declared."""
    values = [cell for cell in cells if cell is not None]
    numeric = bool(values) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not numeric:
        if name in columns.log:
            raise UserError(f"--log {name}: the column holds texts, so it has no axis")
        choices = tuple({repr(value): value for value in values}.values())
        return Categorical(choices) if len(choices) > 1 else None
    low, high = min(values), max(values)
    if low == high:
        return None
    if name in columns.log and low <= 0:
        raise UserError(f"--log {name}: the column holds {low:g}, and a log axis holds only what is above 0")
    log = name in columns.log or (name not in columns.linear and _is_log(values))
    interval = Interval(low, high)
    return Numeric(interval, interval, log=log, integer=all(float(value).is_integer() for value in values))


def _is_log(values: Sequence[float]) -> bool:
    """Say whether values, in the order they were drawn in, look drawn on a log axis."""
    low, high = min(values), max(values)
    if low <= 0:
        return False
    steps = sorted(set(values))
    factors = [b / a for a, b in itertools.pairwise(steps)]
    if 2 <= len(factors) <= 12 and high / low >= LADDER and max(factors) <= 1.01 * min(factors):
        return True
    if high / low < WIDE:
        return False
    # Which draws are more probable: those that are even in the logarithm, or in the value?
    first = [math.log(value) for value in values[:FIRST]]
    even_in_logs = -sum(first) - len(first) * math.log(math.log(high / low))
    return even_in_logs - DOUBT > -len(first) * math.log(high - low)


def _numbers(head: Sequence[str], rows: Sequence[Mapping[str, str]]) -> tuple[list[int], list[str]]:
    """Return a number for each trial: that of a column which counts them up, else its line's; and a sentence on it."""
    for name in head:
        if name.lower() in NUMBERS:
            values = [_value(row[name]) for row in rows]
            if all(_is_whole(value) for value in values) and all(a < b for a, b in itertools.pairwise(values)):
                return values, []
    return list(range(1, len(rows) + 1)), ["Trials are numbered by their lines, from 1."]


def _trial(
    number: int, row: Mapping[str, str], config: Mapping[str, Any], score: float, metric: Metric
) -> AuditedTrial:
    told = next((cell.lower().removeprefix("trialstate.") for name, cell in row.items() if name.lower() in TOLD), "")
    state: State = STATES.get(told, "finished")
    if not math.isfinite(score):
        return AuditedTrial(number, config, None, "failed" if state == "finished" else state)
    reached = metric.score(score) if state in ("finished", "stopped") else None
    return AuditedTrial(number, config, reached, state, {})


def _score(path: Path, place: int, cell: str) -> float:
    """Return the score in a cell, nan where it is empty. Raises UserError for a text."""
    try:
        return math.nan if cell.lower() in MISSING else float(cell)
    except ValueError:
        raise UserError(
            f"{path}, line {place + 2}: the score is {on_one_line(cell[:40])!r}, which is no number"
        ) from None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(on_one_line(name) for name in names[:12]) + (
        f" and {len(names) - 12} more" if len(names) > 12 else ""
    )
