"""`python -m tests.faults`: disturbs real searches at random moments, and says where the answer was another one.

Each fault starts `hpo run` on a small study, with real processes on a real database, and does something to it: kills
it, stops it, takes the server away, cuts the power. The study is then run to its end with the same command, and must be
as if nothing had happened: every piece of work once, all files and the ledger as in an undisturbed run, Optuna's tables
like ours, nothing left running, no traceback, only documented exit codes.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from pathlib import Path

from tests.faults import (  # noqa: F401 - their faults come into the registry
    clocks,
    crowds,
    disks,
    interrupts,
    kills,
    poison,
    servers,
    stops,
    strangers,
)
from tests.faults.campaign import Tally, Try, plan, run_campaign
from tests.faults.lab import SHORT, Durations, Lab, UndisturbedError
from tests.faults.registry import BOTH, FAULTS
from tests.faults.table import as_json, line, table, wrongs

EXAMPLES = """
examples:
  python -m tests.faults --list                        the faults there are
  python -m tests.faults --short                       each fault once, quickly
  python -m tests.faults --minutes 60 --jobs 2         for an hour, two at once
  python -m tests.faults --only kill_all --faults 20   one fault, 20 times
  python -m tests.faults --only kill_all --seed 1234 --faults 1 --database sqlite
                                                       exactly that one again

A seed decides all that is left to chance here; what the machine does meanwhile
it does not, so a wrong answer that depends on who was first may take a few
tries to come again. Of what was wrong, the database and all that was printed
are kept.
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the options of the campaign."""
    made = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--minutes", type=float, metavar="N", help="begin no fault after so long")
    made.add_argument("--faults", type=int, metavar="N", help="how many in all (default: each once)")
    made.add_argument("--database", choices=BOTH, help="default: both")
    made.add_argument("--only", nargs="+", choices=sorted(FAULTS), metavar="NAME", help="these faults (see --list)")
    made.add_argument("--but", nargs="+", choices=sorted(FAULTS), metavar="NAME", default=[], help="not these faults")
    made.add_argument("--seed", type=int, metavar="S", help="default: another one each time; it is printed")
    made.add_argument("--jobs", type=int, default=1, metavar="N", help="faults at the same time (default: 1)")
    made.add_argument("--short", action="store_true", help="outages of seconds instead of minutes")
    made.add_argument("--keep", type=Path, metavar="DIR", help="where what was wrong is kept (default: in /tmp)")
    made.add_argument("--json", action="store_true", help="print the results as one JSON object")
    made.add_argument("--list", action="store_true", help="print the faults there are")
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the campaign, print its table, and return 1 if anything was wrong."""
    arguments = make_parser().parse_args(argv)
    if arguments.list:
        for each in FAULTS.values():
            print(f"{each.name} ({', '.join(each.databases)})\n    {each.sentence}")
        return 0
    faults = [each for each in FAULTS.values() if not arguments.only or each.name in arguments.only]
    faults = [each for each in faults if each.name not in arguments.but]
    databases = [arguments.database] if arguments.database else list(BOTH)
    seed = random.SystemRandom().randrange(10**6) if arguments.seed is None else arguments.seed
    pairs = sum(database in each.databases for each in faults for database in databases)
    most = arguments.faults or (None if arguments.minutes else pairs)

    def tell(text: str) -> None:
        print(text, file=sys.stderr if arguments.json else sys.stdout, flush=True)

    began = time.monotonic()

    def on_try(done: Try, tally: Tally) -> None:
        left = f" of {most}" if most else ""
        tell(line(done))
        if len(tally.tries) % 10 == 0:
            minutes = (time.monotonic() - began) / 60
            tell(f"{len(tally.tries)}{left} tried, {len(tally.wrong)} wrong, {minutes:.0f} minutes")

    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    lab = Lab(SHORT if arguments.short else Durations(), arguments.keep)
    try:
        tell(f"seed {seed}; first, an undisturbed run")
        lab.undisturbed()
        tally = run_campaign(
            lab,
            plan(faults, databases, seed),
            most=most,
            minutes=arguments.minutes,
            jobs=arguments.jobs,
            on_try=on_try,
        )
    except UndisturbedError as error:
        tell(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        lab.close()
    if arguments.json:
        print(json.dumps(as_json(tally)))
    else:
        if tally.wrong:
            print(f"\nwhat was wrong:\n{wrongs(tally)}")
        print(f"\n{table(tally, databases)}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
