"""How a study is made again: its definition as run, and the commands, for here and for another place."""

from __future__ import annotations

import shlex

from hpo.record.results import StudyResults
from hpo.reports.words.formatting import examples
from hpo.reports.writing.toml import toml_text


def study_toml(results: StudyResults) -> str:
    """Return the definition as run, a study file like the one it came from; comments say on what data and software."""
    source, counts = results.source, counts_text(results, "; ")
    place = f" ({source['place']}), {source['paths']}" if "place" in source else ""
    comments = {
        "study": results.definition.name,
        "data": f"{source['provenance']}{place}",
        **({"sha256 of the data": source["sha256"]} if source["sha256"] else {}),
        **({examples(results): counts} if counts else {}),
        "seed": str(results.definition.seed),
        "versions": ", ".join(f"{name} {version}" for name, version in results.versions.items()),
    }
    if not results.complete_data:
        comments["note"] = (
            f"{source['provenance']} stood in for {source['name']}: holdout and samples were cut to its size"
        )
    return toml_text(results.definition.record(), comments)


def counts_text(results: StudyResults, before_classes: str) -> str:
    """Return how many examples train and validate, and their classes; nothing where nobody counts them."""
    data = results.data
    if not results.definition.abilities.samples:
        return ""
    classes = f"{before_classes}{data['classes']} classes" if "classes" in data else ""
    return f"{data['pool']} to train on, {data['holdout']} held out for validation{classes}"


def run_again(results: StudyResults) -> str:
    """Return the command that repeats the study anywhere, from its study file in the same folder, in a new database."""
    name = results.definition.name
    return _command("run", study=f"{name}.toml", storage=f"sqlite:///{name}-again.db", out=f"out/{name}-again")


def report_again(results: StudyResults) -> str:
    """Return the command that makes the report anew, from the database."""
    return _command("report", study=results.definition.name)


def _command(door: str, **options: str) -> str:
    return " ".join([f"hpo {door}", *(f"--{name} {shlex.quote(value)}" for name, value in options.items())])
