"""What must be true once a disturbed study has been run to its end: as if nothing had happened."""

from __future__ import annotations

from collections import Counter

from tests.faults import files, reading
from tests.faults.reading import Reading
from tests.faults.scene import Scene, Started
from tests.faults.study import NAME

MOST_NAMED = 3


def check(scene: Scene) -> list[str]:
    """Return in sentences all that is wrong with the study of `scene`."""
    scene.check_left_over()
    found = [*scene.wrongs]
    for each in scene.started:
        found += _ending(each)
    undisturbed = scene.lab.undisturbed(scene.study_seed)
    try:
        ours = reading.wait_readable(scene.url, NAME)
    except Exception as error:  # whatever it is, it is wrong
        return [*found, f"the study could not be read: {type(error).__name__}: {str(error)[:200]}"]
    if ours.state != "done":  # then the rest is missing, too
        return [*found, *_doubles(ours), f"the study is {ours.state}, not done"]
    if scene.mirrored:
        found += [f"Optuna's tables: {each}" for each in reading.mirror_differences(scene.url, NAME)]
    if scene.failed:
        return found + one_failed(ours, scene.failed)
    found += pieces(ours, undisturbed.reading) + ledger(ours, undisturbed.reading)
    outs = {each.out for each in scene.started if each.out is not None and each.process.returncode == 0}
    for out in sorted(outs):
        found += files.differences(out, undisturbed.folder)
    return found if outs else [*found, "no hpo run came to its end"]


def _ending(command: Started) -> list[str]:
    found, code = [], command.process.poll()
    if "Traceback" in command.printed:
        found.append(f"hpo {command.name} printed a traceback: {_last_line(command.printed)}")
    if code not in command.codes:
        expected = " or ".join(map(str, command.codes))
        found.append(f"hpo {command.name} ended with {code}, not {expected}: {_last_line(command.printed)}")
    if code in (1, 2) and "error: " not in command.printed:
        found.append(f"hpo {command.name} ended with {code} without a sentence")
    return found


def _last_line(printed: str) -> str:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error: ")]
    return (errors or lines or ["nothing was printed"])[-1][:300]


def one_failed(ours: Reading, key: str) -> list[str]:
    """Return what is wrong where one piece of work was to fail, and no other one."""
    failed = {piece.key for piece in ours.pieces if piece.state.lower().startswith("fail")}
    found = _doubles(ours) + [f"{each} has failed" for each in sorted(failed - {key})]
    return found if key in failed else [*found, f"{key} has not failed"]


def _doubles(ours: Reading) -> list[str]:
    counts = Counter(piece.key for piece in ours.pieces)
    return [f"{key} is there {count} times" for key, count in counts.items() if count > 1]


def pieces(ours: Reading, undisturbed: Reading) -> list[str]:
    """Return what is wrong with the pieces of work."""
    counts = {piece.key for piece in ours.pieces}
    found = _doubles(ours)
    theirs = {piece.key: piece for piece in undisturbed.pieces}
    found += _some("missing", [key for key in theirs if key not in counts])
    found += _some("there, but not undisturbed", sorted(key for key in counts if key not in theirs))
    different = [
        f"{piece.key} ended as {piece.state}" if piece.state != theirs[piece.key].state else piece.key
        for piece in ours.pieces
        if piece.key in theirs and piece.outcome != theirs[piece.key].outcome
    ]
    return found + _some("came out otherwise", different)


def ledger(ours: Reading, undisturbed: Reading) -> list[str]:
    """Return what is wrong with the ledger: each opening of the test set once."""
    ours_, theirs = Counter(ours.ledger), Counter(undisturbed.ledger)
    found = _some("not in the ledger", [line for line in theirs if line not in ours_])
    found += [f"in the ledger {count} times: {line}" for line, count in ours_.items() if count > 1]
    return found + _some("in the ledger, but not undisturbed", [line for line in ours_ if line not in theirs])


def _some(what: str, which: list[str]) -> list[str]:
    """Return a sentence about some of `which`, or none where there are none."""
    more = f" and {len(which) - MOST_NAMED} more" if len(which) > MOST_NAMED else ""
    return [f"{what}: {', '.join(which[:MOST_NAMED])}{more}"] if which else []
