"""Find a user's own examples that need not be images: an `.npz` file with x and y, or a CSV or Parquet table.

What was taken for what is said in a sentence. They are known by the SHA-256 of the arrays, or of the table's file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hpo.storage import npz
from hpo.storage.columns import check_names, schema_of
from hpo.storage.errors import UserError
from hpo.storage.examples import Raw, check_array, read_raw, where_of_targets
from hpo.storage.keys import roles
from hpo.storage.labels import class_list, class_values, named
from hpo.storage.located import Located, PartFile, joined_digest
from hpo.storage.tables import TableFields, digest, is_table
from hpo.storage.targets import Task, amounts, task_of

EXPECTED = "an .npz file with x_train and y_train, or a table (.csv, .parquet)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a study says of its data: see hpo.definition.settings.DataSettings.

    `likely`: the task that its metric suggests, where the values of the target leave it open.
    """

    dataset: str
    target: str | None = None
    test: str | None = None
    ignore: tuple[str, ...] = ()
    task: Task | None = None
    likely: Task | None = None


def locate_examples(
    wanted: Wanted, *, data_dir: Path | None = None, known: Iterable[str] = (), sha256: str | None = None
) -> Located:
    """Return the data at a path, or under its name in `data_dir`; what has the hash `sha256` is preferred.

    Raises UserError if nothing is there that can be read as examples; `known` are names for the message.
    """
    found = _paths(wanted.dataset, data_dir, sha256)
    if not found:
        listed = f"known datasets: {', '.join(sorted(known))}; or " if known else ""
        raise UserError(f"no dataset {wanted.dataset!r}; {listed}the path of {EXPECTED}")
    for each in found[1:] if sha256 else ():
        with contextlib.suppress(UserError):
            if (located := _located(wanted, each, data_dir, sha256)).sha256 == sha256:
                return located
    return _located(wanted, found[0], data_dir, sha256)


def _paths(dataset: str, data_dir: Path | None, sha256: str | None) -> list[Path]:
    try:
        path = Path(dataset).expanduser()
        places = [path] if data_dir is None else [path, data_dir / path.name, data_dir]
        return [each for each in dict.fromkeys(places[: None if sha256 else 2]) if each.is_file()]
    except (OSError, RuntimeError, ValueError) as error:  # too long, ~nosuchuser, a zero byte
        raise UserError(f"data: {dataset[:200]!r} is no path that can be looked at: {error}"[:400]) from error


def _located(wanted: Wanted, path: Path, data_dir: Path | None, sha256: str | None) -> Located:
    if is_table(path):
        return _table(wanted, path, data_dir, sha256)
    if path.suffix.lower() == ".npz":
        return _arrays(wanted, path)
    raise UserError(f"{path}: expected {EXPECTED}")


def _arrays(wanted: Wanted, path: Path) -> Located:
    found = roles(npz.names(path), path)
    members = {part: keys for part, keys in found.members.items() if not (found.all_in_one and part.endswith("_test"))}
    digests = {key: npz.member_digest(path, key) for key in sorted({key for each in members.values() for key in each})}
    parts = tuple(PartFile(part, path, _digest([digests[key] for key in keys]), keys) for part, keys in members.items())
    located = Located(wanted.dataset, "arrays", "your file", tuple(sorted(parts, key=lambda each: _ORDER[each.part])))
    x, y = read_raw(located, "train")
    train = located.part("x_train").members
    said = f"{' and '.join(train)} {x.shape} as {len(x):,} examples of {_shape(x.shape[1:])}"
    if len(train) > 1:
        said += f" ({' and '.join(train)} are joined, as validation examples are drawn from all of them)"
    return _with_task(located, wanted, (check_array(x, str(path)), y), said)


_ORDER = {"x_train": 0, "y_train": 1, "x_test": 2, "y_test": 3}


def _table(wanted: Wanted, path: Path, data_dir: Path | None, sha256: str | None) -> Located:
    if wanted.target is None:
        raise UserError(f'{path} is a table: say which column is to be predicted, such as target = "price" in [data]')
    sha = digest(path)
    parts = [PartFile(part, path, sha) for part in ("x_train", "y_train")]
    if wanted.test is not None:
        there = _paths(wanted.test, data_dir, sha256)
        if not there:
            raise UserError(f"data.test = {wanted.test!r}: there is no such file; name the table to test on, or none")
        if not is_table(there[0]):
            raise UserError(f"data.test = {wanted.test!r} is no table; expected one like the dataset (.csv, .parquet)")
        test_sha = digest(there[0])
        if test_sha == sha:
            raise UserError(
                f"data.test = {wanted.test!r} is the same table as the dataset; name one with other rows, or none"
            )
        parts += [PartFile(part, there[0], test_sha) for part in ("x_test", "y_test")]
    fields = TableFields(wanted.target, wanted.ignore)
    located = Located(wanted.dataset, "table", "your file", tuple(parts), table=fields)
    frame, y = read_raw(located, "train")
    check_names(frame, wanted.ignore, str(path), "of ignore")
    x = frame.drop(columns=list(wanted.ignore))
    said = f"{len(x):,} rows of {len(x.columns):,} columns, {schema_of(x, str(path)).counts()}"
    return _with_task(located, wanted, (x, y), said)


def _with_task(located: Located, wanted: Wanted, raw: Raw, said: str) -> Located:
    """Return `located` with its task and classes, and the sentence about all that was recognised."""
    where, y = where_of_targets(located, "train"), raw[1]
    task = task_of(y, where, given=wanted.task, likely=wanted.likely)
    classes: tuple[int | str, ...] = ()
    if task == "classification":
        values = class_values(y, where)
        classes = class_list(values, where)
        number = f"{named(classes)} as {len(classes)} classes"
    else:
        values = amounts(y, where)
        number = f"from {values.min():g} to {values.max():g} as numbers"
    what = repr(located.table.target) if located.table else " and ".join(located.part("y_train").members)
    test = "" if located.tested else "; no test part, so nothing is tested in the end"
    return replace(
        located,
        task=task,
        classes=classes,
        taken_for=f"{located.provenance}: {said}; a {task} of {what}, {number}{test}",
    )


def _shape(shape: Sequence[int]) -> str:
    if not shape:
        return "one value"
    return f"{shape[0]:,} values" if len(shape) == 1 else f"{' x '.join(map(str, shape))} values"


def _digest(digests: list[str]) -> str:
    return digests[0] if len(digests) == 1 else joined_digest(digests)
