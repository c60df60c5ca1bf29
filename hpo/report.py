"""Front door `python -m hpo.report`: what a study found, as a page, tables and figures, from the database alone."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import sys
from pathlib import Path

from hpo.cli.formats import add_formats, chosen_formats
from hpo.cli.options import add_storage, make_out_folder, parser, user_path
from hpo.cli.running import quiet_optuna, run_command, say
from hpo.engine.exit_codes import DONE
from hpo.record.open_study import open_studies
from hpo.record.results import StudyResults
from hpo.record.untrusted import reading


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    return run_command(lambda: _report(arguments))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.report",
        "Write what a study has found so far: report.html (one page, which opens offline and can be printed), tables\n"
        "and figures. Only the database is needed. With several studies: one page that compares them.",
        """
        hpo report --study mnist_wd
        hpo report --study mnist_wd --format csv,parquet,json,md,html
        hpo report --study mnist_wd --study mnist_convnet
        hpo report --study mnist_wd --storage postgresql+psycopg://user:password@host/hpo --out results
        """,
    )
    made.add_argument(
        "--study",
        action="append",
        default=[],
        metavar="NAME",
        dest="studies",
        help="a study in the database; may be left out where there is only one, and repeated to compare several",
    )
    add_storage(made)
    made.add_argument("--out", type=user_path, metavar="DIR", help="where the files go (default: out/<study>/)")
    add_formats(made)
    return made


def _report(arguments: argparse.Namespace) -> int:
    quiet_optuna(arguments.verbose)
    formats = chosen_formats(arguments.formats)
    studies = open_studies(list(dict.fromkeys(arguments.studies)), arguments.storage)
    out = arguments.out or Path("out") / _folder(studies)
    make_out_folder(out)
    # What writes the files takes two seconds to load: --help, and names that there are not, are answered before.
    from hpo.reports.files import REPORT, write_files  # noqa: PLC0415
    from hpo.reports.page.use import standing  # noqa: PLC0415

    with reading(", ".join(results.definition.name for results in studies)):
        contents = _contents(studies, formats, bom=arguments.bom)
    written = write_files(contents, out)
    for results in studies:
        if results.state != "done":
            say(f"{results.definition.name} is not finished: {standing(results)}")
    say(f"files in {out}: {', '.join(str(path.relative_to(out)) for path in written)}")
    if REPORT in contents:
        say(f"the report: {out / REPORT}")
    return DONE


def _contents(studies: list[StudyResults], formats: list[str], *, bom: bool) -> dict[str, bytes]:
    from hpo.reports.files import report_files, side_by_side_files  # noqa: PLC0415

    if len(studies) == 1:
        return report_files(studies[0], formats, bom=bom)
    return side_by_side_files(studies, formats, bom=bom)


def _folder(studies: list[StudyResults]) -> str:
    names = [results.definition.name for results in studies]
    return names[0] if len(names) == 1 else f"compare-{'-'.join(names)}"


if __name__ == "__main__":
    sys.exit(main())
