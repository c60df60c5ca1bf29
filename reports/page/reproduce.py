"""The last section: how to make it again, here and in another place."""

from __future__ import annotations

from hpo.record.results import StudyResults
from hpo.reports.page.blocks import Block, Code, Facts, Folded, Paragraph, Section
from hpo.reports.words.formatting import examples
from hpo.reports.words.reproducing import counts_text, report_again, run_again
from hpo.reports.writing.toml import toml_text


def _data(results: StudyResults) -> list[tuple[str, str]]:
    """Return how many examples there are and what they are known by, as far as anybody says."""
    text, sha256 = counts_text(results, ", "), results.source["sha256"]
    counts = [(examples(results).capitalize(), text)] if text else []
    return [*counts, *([("SHA-256 of the data", sha256)] if sha256 else [])]


def reproduce_section(results: StudyResults) -> Section:
    """Return seed, versions, data and commands, and the definition as run, whole, so that the page suffices."""
    definition, source = results.definition, results.source
    file = f"{definition.name}.toml"
    steps = [
        "pip install .  # in a clone of hpo-service, in a virtual environment",
        f"# save the definition below as {file}, then:",
        run_again(results),
        "# this page again, from the database that was written here (else: --storage URL):",
        report_again(results),
    ]
    facts = Facts(
        [
            ("Seed", str(definition.seed)),
            ("Versions", ", ".join(f"{name} {version}" for name, version in results.versions.items())),
            ("Data", source["provenance"]),
            *_data(results),
        ]
    )
    same = (
        "The trainer takes no seed, so the same definition on the same data gives other numbers each time."
        if not definition.abilities.seed
        else "The same definition on the same data gives the same good values bit for bit, with any number of workers, "
        "interrupted or not; on another machine the last digits of a training may differ."
    )
    warm = definition.search.warm_start if definition.comparison is None else None
    blocks: list[Block] = [facts, Code("In a shell", "\n".join(steps)), Paragraph(same)]
    if warm is not None:
        needs = f"It begins at the good values of the study {warm}, which must be in the database."
        blocks.append(Paragraph(needs, "warning"))
    as_run = Code(file, toml_text(definition.record()).strip(), file)
    return Section("again", "How to run it again", [*blocks, Folded(f"The definition as run ({file})", [as_run])])
