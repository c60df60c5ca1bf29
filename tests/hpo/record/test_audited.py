"""Any Optuna study can be read for an audit: every state, every kind of hyperparameter, and nothing is written."""

from __future__ import annotations

import math
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from hpo.auditing.search import AuditedSearch
from hpo.record.audited import open_audited
from hpo.searching.space import Categorical, Interval, Numeric
from hpo.storage.errors import UserError

COMPLETE, FAIL, PRUNED, RUNNING = (
    getattr(optuna.trial.TrialState, state) for state in ("COMPLETE", "FAIL", "PRUNED", "RUNNING")
)
DISTRIBUTIONS = {
    "rate": FloatDistribution(1e-4, 1.0, log=True),
    "layers": IntDistribution(1, 9, step=2),
    "batch": IntDistribution(16, 256, log=True),
    "act": CategoricalDistribution([None, "relu", True, 2]),
}
PARAMS = {"rate": 0.01, "layers": 3, "batch": 32, "act": None}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'theirs.db'}"


def made(url: str, name: str = "theirs", direction: str = "maximize") -> optuna.Study:
    return optuna.create_study(storage=url, study_name=name, direction=direction)


def add(study: optuna.Study, value: float | None = None, state=COMPLETE, **changed) -> None:
    params = {key: each for key, each in {**PARAMS, **changed.pop("params", {})}.items() if each is not ...}
    distributions = {
        key: each for key, each in {**DISTRIBUTIONS, **changed.pop("distributions", {})}.items() if key in params
    }
    study.add_trial(
        optuna.trial.create_trial(value=value, state=state, params=params, distributions=distributions, **changed)
    )


def read(url: str, **options) -> AuditedSearch:
    return open_audited(url, "theirs", **options)


def test_every_kind_of_hyperparameter_is_read_with_the_range_that_was_searched(url: str) -> None:
    add(made(url), 0.5)
    space = read(url).space.hyperparameters
    assert space["rate"] == Numeric(Interval(1e-4, 1.0), Interval(1e-4, 1.0), log=True)
    assert space["layers"] == Numeric(Interval(1, 9), Interval(1, 9), integer=True)
    assert space["batch"] == Numeric(Interval(16, 256), Interval(16, 256), log=True, integer=True)
    assert space["act"] == Categorical(("null", "relu", True, 2))


def test_every_state_is_read_and_only_finished_trials_have_a_final_score(url: str) -> None:
    study = made(url)
    add(study, 0.5, intermediate_values={1: 0.3, 2: 0.4})
    add(study, state=PRUNED, intermediate_values={1: 0.2, 2: math.nan})
    add(study, state=FAIL)
    add(study, math.inf)
    study.ask()
    found = read(url)
    assert [trial.state for trial in found.trials] == ["finished", "stopped", "failed", "failed", "running"]
    assert [trial.score for trial in found.trials] == [0.5, 0.2, None, None, None]
    assert found.trials[1].rungs == {1: 0.2}
    assert "infinity" in found.notes[0]


def test_what_is_minimized_is_turned_into_scores(url: str) -> None:
    study = made(url, direction="minimize")
    add(study, 3.0, intermediate_values={1: 4.0})
    found = read(url)
    assert found.trials[0].score == -3.0
    assert found.trials[0].rungs == {1: -4.0}
    assert found.metric.value(-3.0) == 3.0


def test_a_conditional_hyperparameter_is_missing_where_a_trial_lacks_it(url: str) -> None:
    study = made(url)
    add(study, 0.5)
    add(study, 0.6, params={"layers": ...})
    found = read(url)
    assert found.conditional == ["layers"]
    assert "layers" not in found.trials[1].config


def test_ranges_that_were_changed_are_taken_together_and_what_never_varied_is_left_out(url: str) -> None:
    study = made(url)
    fixed = {"fixed": FloatDistribution(2.0, 2.0)}
    add(study, 0.5, params={"fixed": 2.0}, distributions=fixed)
    wider = {"rate": FloatDistribution(1e-2, 10.0, log=True), **fixed}
    add(study, 0.6, params={"rate": 5.0, "fixed": 2.0}, distributions=wider)
    found = read(url)
    assert found.space.limits()["rate"] == Interval(1e-4, 10.0)
    assert "fixed" not in found.space.hyperparameters
    assert "fixed" in found.notes[0]


def test_the_database_is_not_written_to_even_where_it_could_be_and_need_not_be_writable(
    url: str, tmp_path: Path
) -> None:
    add(made(url), 0.5)
    file = tmp_path / "theirs.db"
    before = file.read_bytes()
    file.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert len(read(url).trials) == 1
        assert file.read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["theirs.db"]
    finally:
        tmp_path.chmod(0o755)


def test_several_objectives_are_refused_in_one_sentence(url: str) -> None:
    optuna.create_study(storage=url, study_name="theirs", directions=["maximize", "minimize"])
    with pytest.raises(UserError, match="has 2 objectives"):
        read(url)


def test_an_unknown_study_is_answered_with_the_nearest(url: str) -> None:
    add(made(url), 0.5)
    with pytest.raises(UserError, match="did you mean theirs"):
        open_audited(url, "their")
    assert open_audited(url).name == "theirs", "the only one need not be named"


def test_what_holds_nothing_to_audit_is_said_to(url: str) -> None:
    study = made(url)
    with pytest.raises(UserError, match="no trials yet"):
        read(url)
    add(study, state=FAIL)
    with pytest.raises(UserError, match="no finished trial"):
        read(url)


def test_a_metric_that_the_values_are_none_of_is_refused(url: str) -> None:
    study = made(url)
    add(study, 0.5)
    assert read(url, metric="accuracy").metric.is_share
    assert not read(url).metric.is_share, "nobody said that it is one"
    with pytest.raises(UserError, match="loss is minimized"):
        read(url, metric="loss")
    add(study, 87.5)
    with pytest.raises(UserError, match=r"outside its bounds 0 \.\. 1"):
        read(url, metric="accuracy")


def test_a_database_of_something_else_is_told_from_one_of_optuna(tmp_path: Path) -> None:
    import sqlite3  # noqa: PLC0415 - for this test alone

    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE something (number INTEGER)")
    connection.close()
    with pytest.raises(UserError, match="none of Optuna's tables"):
        open_audited(f"sqlite:///{path}", "theirs")
