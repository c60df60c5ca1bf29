"""Others who use the same database: Optuna's own tools, and whoever removes or replaces the file."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import sqlalchemy as sa

from tests.faults.registry import SQLITE, WrongError, fault
from tests.faults.scene import Scene
from tests.faults.study import NAME

NOTICED_WITHIN = 15.0

ENQUEUE = """
for _ in range(3):
    study.enqueue_trial({"learning_rate": 0.01, "weight_decay": 1e-4})
"""
ASK_AND_TELL = """
trial = study.ask()
trial.suggest_float("learning_rate", 1e-5, 10.0, log=True)
study.tell(trial, 0.999)
study.add_trial(optuna.trial.create_trial(value=0.99, params={}, distributions={}))
study.ask()
"""
READ = "study.trials_dataframe(); study.best_trials; optuna.get_all_study_summaries(storage)"
DELETE = f"optuna.delete_study(study_name={NAME!r}, storage=storage)"


def _with_optuna(scene: Scene, code: str) -> None:
    """Let another process do something to the study with Optuna, at a random moment of the search."""
    go = scene.folder / "go"
    whole = f"""
import optuna, pathlib, sys, time
optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = {scene.url!r}
while not pathlib.Path({str(go)!r}).exists():
    time.sleep(0.01)
try:
    study = optuna.load_study(study_name={NAME!r}, storage=storage)
except KeyError:
    sys.exit()
{code}"""
    optuna = scene.start("(Optuna)", [sys.executable, "-c", whole], codes=(0, 1))
    run = scene.run()
    scene.somewhere()
    go.touch()
    scene.until(lambda: optuna.process.poll() is not None, 30)
    scene.started.remove(optuna)  # what it prints is its own affair
    scene.ended(run)


@fault()
def optuna_enqueues(scene: Scene) -> None:
    """Optuna's own enqueue_trial puts trials into the study: they are nobody's work, and left alone."""
    _with_optuna(scene, ENQUEUE)


@fault()
def optuna_asks_and_tells(scene: Scene) -> None:
    """Optuna's own ask, tell and add_trial put results into the study: they decide nothing."""
    _with_optuna(scene, ASK_AND_TELL)


@fault()
def optuna_reads(scene: Scene) -> None:
    """Optuna's own tools read the study while it runs."""
    _with_optuna(scene, READ * 3)


@fault()
def optuna_deletes(scene: Scene) -> None:
    """The study is deleted with Optuna while it runs: nothing of ours is lost."""
    scene.mirrored = False
    _with_optuna(scene, DELETE)


@fault()
def study_renamed(scene: Scene) -> None:
    """The study is renamed in Optuna's table while it runs: it goes on, and the answer is the same."""
    scene.mirrored = False
    run = scene.run()
    scene.somewhere()
    engine = sa.create_engine(scene.url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE studies SET study_name = 'another' WHERE study_name = '{NAME}'")
    scene.ended(run)


def _noticed(scene: Scene, what: str) -> None:
    """See that the run ends soon, with a sentence and 2."""
    run = scene.started[-1]
    try:
        scene.ended(run, seconds=NOTICED_WITHIN)
    except WrongError:
        scene.wrongs.append(f"{what} was not noticed within {NOTICED_WITHIN:.0f} s")
        scene.kill_all()
    if run.process.returncode == 0:
        scene.wrongs.append(f"hpo run ended with 0 though {what}")
    scene.check_left_over()


def _remove(scene: Scene) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{scene.file}{ending}").unlink(missing_ok=True)


@fault(SQLITE)
def file_removed(scene: Scene) -> None:
    """The database's file is removed under the run: it ends with a sentence; the same command begins anew."""
    scene.run(codes=(2,))
    scene.somewhere(most=0.7)
    _remove(scene)
    _noticed(scene, "the database's file was removed")
    scene.resume()


@fault(SQLITE)
def file_replaced(scene: Scene) -> None:
    """The database's file is replaced by another one: the run ends with a sentence; the same command begins anew."""
    scene.run(codes=(2,))
    scene.somewhere(most=0.7)
    other = Path(f"{scene.file}.other")
    shutil.copy(scene.file, other)
    _remove(scene)
    other.rename(scene.file)
    _noticed(scene, "the database's file was replaced")
    _remove(scene)
    scene.resume()
