"""Front door `python -m hpo.run`: a whole study, from its definition to tables and figures on disk."""

from __future__ import annotations

import hpo.cli.one_thread  # isort: skip  # noqa: F401 - before NumPy is loaded

import argparse
import re
import sys

from hpo.cli import garbage
from hpo.cli.formats import add_formats
from hpo.cli.options import add_changes, add_data_dir, add_patience, add_storage, add_workers, parser, user_path
from hpo.cli.running import run_command, say
from hpo.engine.exit_codes import DONE
from hpo.engine.launchers.processes import Prestarted


def main(argv: list[str] | None = None) -> int:
    """Run the command with `argv` and return its exit code."""
    arguments = make_parser().parse_args(argv)
    if arguments.study is None:
        _introduce()
        return DONE
    with Prestarted() as prestarted:
        return run_command(lambda: _run(arguments, prestarted))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of this command's options."""
    made = parser(
        "hpo.run",
        "Search for good hyperparameter values. Many configs are trained on a small subset, in rounds. Each round\n"
        "moves or narrows the box they are drawn from. The best are raced and confirmed in fresh runs, trained on all\n"
        "of the data and evaluated on the test set. Or compare the configs of a grid over several seeds.\n"
        "The same command again resumes; finished trials are kept.",
        """
        hpo run --study mnist_wd
        hpo run --study book_overfit_weight_decay
        hpo run --study mnist_wd --set rounds.0.trials=10 --seed 1
        hpo run --study my_study.toml --storage postgresql+psycopg://user:password@host/hpo
        """,
    )
    made.add_argument("--study", metavar="NAME|FILE.toml", help="a built-in study, or the path of your own study file")
    add_storage(made)
    add_patience(made)
    add_workers(made)
    made.add_argument(
        "--out", type=user_path, metavar="DIR", help="where tables and figures go (default: out/<study>/)"
    )
    add_formats(made)
    add_data_dir(made)
    add_changes(made)
    made.add_argument(
        "--name", metavar="NAME", help="what the study is called in the database (default: like its file)"
    )
    made.add_argument(
        "--rounds", type=_more, default=0, metavar="+N", help="run N more rounds of a study that has ended"
    )
    made.add_argument(
        "--accept-source",
        action="store_true",
        help="go on with a trainer of your own whose source has changed; finished trials keep their scores",
    )
    made.add_argument(
        "--warm-start", metavar="STUDY", help="start from the good values of a finished study in the database"
    )
    return made


def _more(text: str) -> int:
    """Return the number in "+2"."""
    if not re.fullmatch(r"\+[1-9][0-9]{0,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r}: how many more, such as +2")
    return int(text)


def _introduce() -> None:
    from hpo.definition.files import presets  # noqa: PLC0415 - slow to load, and --help needs none of it

    say("Searches for good hyperparameter values on a subset of the data and checks them on all of it,")
    say("or compares the configs of a grid.\n")
    say("built-in studies:")
    width = max(len(name) for name in presets())
    for name, title in presets().items():
        say(f"  {name:<{width}}  {title}")
    say("\nstart one with:  hpo run --study mnist_wd\nmore:            hpo run --help")


def _run(arguments: argparse.Namespace, prestarted: Prestarted) -> int:
    garbage.put_off()
    from hpo.whole_run import run  # noqa: PLC0415 - meanwhile the workers' process loads what it needs, too

    return run(arguments, prestarted)


if __name__ == "__main__":
    sys.exit(main())
