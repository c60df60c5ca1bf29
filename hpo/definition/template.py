"""A study file that explains itself: what is set, what may be set beside it, and in which bounds.

All of it is said by the declarations of the settings themselves, so a new field is in the next file by itself.
"""

from __future__ import annotations

import dataclasses
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hpo import models
from hpo.definition.constraints import FIELDS as CONSTRAINT_FIELDS
from hpo.definition.reading import SEED, TITLE
from hpo.definition.settings import ComparisonSettings, DataSettings, FinalSettings, RoundSettings, SearchSettings
from hpo.definition.spaces import CATEGORICAL_KEYS, NUMERIC_KEYS
from hpo.definition.study import COMPARISON_DATA
from hpo.models.bounds import Declared, declared

WIDTH = 118
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def study_text(tables: Mapping[str, Any], source: str) -> str:
    """Return the text of a study file that says what `tables` say, those of the study `source`, with comments.

    `tables` must be those of a study that loads.
    """
    lines = [
        *_comment(
            f"A copy of {source}. Each line says what it is for, with its bounds in brackets. A line "
            "behind a # is left out: the study has the value that is shown there. Take the # away to change it."
        ),
        "",
        _line("title", tables.get("title", source), f"shown above all results ({TITLE})"),
        _line("seed", tables.get("seed", 0), f"another seed, other random numbers ({SEED})", out="seed" not in tables),
    ]
    if "metric" in tables:
        lines.append(_line("metric", tables["metric"], "what scores a trial"))
    compares = "comparison" in tables
    lines += _table("data", DataSettings, tables, only=COMPARISON_DATA if compares else None)
    if "trainer" in tables:
        lines += ["", "[trainer]", *(_line(key, value, "") for key, value in tables["trainer"].items())]
        lines += _space(tables.get("space", {}), [])
    else:
        kind = models.NETWORKS[tables["model"]["network"]]
        lines += _table("model", kind.description, tables, first={"network": ", ".join(models.NETWORKS)})
        lines += _table("training", models.TrainingSettings, tables)
        lines += _space(tables.get("space", {}), [models.TrainingSettings, kind.description])
    if not compares or "search" in tables:
        lines += _table("search", SearchSettings, tables, only=() if compares else None)
    for i, each in enumerate(tables.get("constraints", ())):
        lines += ["", *(_comment("What a config may cost beside its score.") if i == 0 else ()), "[[constraints]]"]
        lines += [_line(key, value, CONSTRAINT_FIELDS[key][2] if i == 0 else "") for key, value in each.items()]
    for i, each in enumerate(tables.get("rounds", ())):
        lines += _table("rounds", RoundSettings, {"rounds": each}, header="[[rounds]]", explains=i == 0)
    lines += _table("comparison", ComparisonSettings, tables) if compares else _table("final", FinalSettings, tables)
    return "\n".join(lines) + "\n"


def _table(
    name: str,
    cls: type,
    tables: Mapping[str, Any],
    *,
    header: str = "",
    only: tuple[str, ...] | None = None,
    first: Mapping[str, str] | None = None,
    explains: bool = True,
) -> Iterator[str]:
    """Yield the lines of a table whose fields `cls` declares.

    `first` are keys that are no fields, each with what it is; `only` are the fields that may be added, where not all.
    """
    table = tables.get(name, {})
    yield ""
    if explains:
        yield from _comment((cls.__doc__ or "").split("\n\n")[0])
    yield header or f"[{name}]"
    for key, says in (first or {}).items():
        yield _line(key, table[key], says)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key, field in declared(cls).items():
        if key in table:
            yield _line(key, table[key], _says(field) if explains else "")
        elif explains and (only is None or key in only):
            yield _line(key, fields[key].default, _says(field), out=True)


def _space(space: Mapping[str, Any], of: Sequence[type]) -> Iterator[str]:
    yield ""
    free = [name for cls in of for name in declared(cls) if name not in space]
    yield from _comment(
        "What is searched: a table [space.NAME] for each hyperparameter, a range with start and limits, or choices."
        + (f" Others that may be searched: {', '.join(free)}." if free else "")
    )
    for number, (name, table) in enumerate(space.items()):
        if number:
            yield ""
        yield f"[space.{_key(name)}]"
        says = CATEGORICAL_KEYS if "choices" in table else NUMERIC_KEYS
        yield from (_line(key, value, says[key]) for key, value in table.items())


def _says(field: Declared) -> str:
    return field.says if field.rule is None else f"{field.says} ({field.rule})"


def _line(key: str, value: object, says: str, *, out: bool = False) -> str:
    """Return one line, with what it is for behind it, or above it where that is too long; `out`: commented out."""
    said = f"# {key}: not set" if out and value is None else f"{'# ' * out}{key} = {_value(value)}"
    if isinstance(value, list) and len(said) > WIDTH:
        said = "\n".join([f"{key} = [", *(f"  {_value(each)}," for each in value), "]"])
        return "\n".join([*_comment(says), said])
    if not says:
        return said
    line = f"{said}  # {says}"
    return line if len(line) <= WIDTH else "\n".join([*_comment(says), said])


def _comment(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent="# ", subsequent_indent="# ")


def _value(value: object) -> str:
    """Return `value` as TOML; a table as an inline one, as choices hold them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_key(key)} = {_value(each)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _value(key)
