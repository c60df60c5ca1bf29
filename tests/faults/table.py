"""What a campaign prints: a line a try while it runs, and a table at its end, in 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.faults.campaign import Tally, Try

WIDTH = 80


def line(done: Try) -> str:
    """Return what is said of one try as soon as it is over."""
    what = f"{done.fault} ({done.database}, seed {done.seed})"
    if done.skipped:
        return textwrap.fill(f"- {what}: skipped: {done.skipped}", WIDTH, subsequent_indent="    ")
    if not done.wrongs:
        return f"  {what}: {done.seconds:.0f} s"
    return "\n".join(
        [f"! {what}: {done.seconds:.0f} s, wrong:"]
        + [textwrap.fill(each, WIDTH, initial_indent="    ", subsequent_indent="      ") for each in done.wrongs]
    )


def table(tally: Tally, databases: Sequence[str]) -> str:
    """Return the table of tried and wrong by fault and database."""
    lines = [
        f"{'fault':34}" + "".join(f"{database:>20}" for database in databases),
        f"{'':34}" + "".join(f"{'tried':>14}{'wrong':>6}" for _ in databases),
        "-" * (34 + 20 * len(databases)),
    ]
    tried = Counter((each.fault, each.database) for each in tally.tries if not each.skipped)
    wrong = Counter((each.fault, each.database) for each in tally.wrong)
    skipped = {(each.fault, each.database) for each in tally.tries if each.skipped}
    for fault in dict.fromkeys(sorted(each.fault for each in tally.tries)):
        cells = ""
        for pair in ((fault, database) for database in databases):
            if tried[pair]:
                cells += f"{tried[pair]:>14}{wrong[pair]:>6}"
            else:
                cells += f"{'skipped' if pair in skipped else '-':>20}"
        lines.append(f"{fault:34}{cells}")
    sums = "".join(
        f"{sum(tried[pair] for pair in tried if pair[1] == each):>14}"
        f"{sum(wrong[pair] for pair in wrong if pair[1] == each):>6}"
        for each in databases
    )
    return "\n".join([*lines, lines[2], f"{'all':34}{sums}"])


def wrongs(tally: Tally) -> str:
    """Return what was wrong, and how each is repeated."""
    lines = []
    for each in tally.wrong:
        lines.append(line(each))
        repeat = f"python -m tests.faults --only {each.fault} --database {each.database} --seed {each.seed} --faults 1"
        lines += [f"    again: {repeat}", f"    kept:  {each.kept}"]
    return "\n".join(lines)


def as_json(tally: Tally) -> dict[str, Any]:
    """Return the same for --json."""
    return {
        "tried": sum(not each.skipped for each in tally.tries),
        "wrong": len(tally.wrong),
        "tries": [
            {
                "fault": each.fault,
                "database": each.database,
                "seed": each.seed,
                "seconds": round(each.seconds, 1),
                "wrong": list(each.wrongs),
                "skipped": each.skipped,
                "kept": each.kept,
            }
            for each in tally.tries
        ],
    }
