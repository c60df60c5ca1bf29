"""The recorded tables answer with what was recorded, and searches replayed on them repeat themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.benchmarks.arguments import FOLDER
from tests.benchmarks.claims import wide_space
from tests.benchmarks.record import STAGES
from tests.benchmarks.recorded.designs import DESIGNS
from tests.benchmarks.recorded.runs import append_run, read_runs
from tests.benchmarks.recorded.tables import RecordedTable
from tests.benchmarks.replay import carried_over, plan, replay
from tests.benchmarks.search import EARLIER, Pick, kept_picks, outcome
from tests.benchmarks.search_table import OURS, OURS_WARM, RANDOM_IN_FULL, interval_text, print_results

GRID = RecordedTable.named("fashion_mlp", FOLDER)
SCATTERED = RecordedTable.named("fashion_mlp_4", FOLDER)


def test_a_recorded_config_of_a_grid_is_answered_with_its_own_runs() -> None:
    runs = read_runs(FOLDER, GRID.design.name)
    for config in (3, 40, 77):
        mine = {tuple(run["validation"]) for key, run in runs.items() if key[:2] == (config, 0)}
        answers = {tuple(GRID.run(GRID.design.configs[config], 0, seed).validation.values()) for seed in range(30)}
        assert answers <= mine
        assert len(answers) > 1, "with another seed it is another run"


def test_a_config_between_others_has_their_interpolated_mean_and_no_better_run() -> None:
    one, other = GRID.design.configs[40], GRID.design.configs[48]
    between = {**one, "learning_rate": float(np.sqrt(one["learning_rate"] * other["learning_rate"]))}
    runs = [GRID.run(between, 0, seed).confirmation for seed in range(2_000)]
    assert GRID.mean(between) == pytest.approx((GRID.mean(one) + GRID.mean(other)) / 2)
    assert np.mean(runs) == pytest.approx(GRID.mean(between), abs=4 * np.std(runs) / np.sqrt(len(runs)))
    seen = {GRID.run(each, 0, seed).confirmation for each in (one, other) for seed in range(400)}
    assert set(runs) <= seen


def test_a_config_off_grids_is_answered_with_its_mean_and_the_noise_of_runs() -> None:
    config = SCATTERED.optimum
    answers = [SCATTERED.run(config, 0, seed).confirmation for seed in range(600)]
    assert len(set(answers)) > 1
    assert np.mean(answers) == pytest.approx(SCATTERED.mean(config), abs=4 * np.std(answers) / np.sqrt(600))


def test_the_nearest_edge_answers_for_what_lies_outside() -> None:
    outside = {"learning_rate": 1e-9, "weight_decay": 1e-9}
    assert GRID.truth(outside) == GRID.truth(GRID.design.configs[0])


@pytest.mark.parametrize("table", [GRID, SCATTERED], ids=lambda table: table.design.name)
def test_no_config_is_better_than_the_best(table: RecordedTable) -> None:
    assert max(table.truth(config) for config in table.design.configs) <= table.best


def test_a_replay_repeats_itself_and_keeps_to_its_budget() -> None:
    found = replay(GRID, 60, seed=1)
    assert found == replay(GRID, 60, seed=1)
    assert found != replay(GRID, 60, seed=2)
    assert found.spent <= 60
    assert {trial.round for trial in found.trials} == set(range(1, len(found.boxes) + 1))
    assert found.winner in found.raced
    assert len(found.raced) == plan(60).candidates


def test_a_replay_with_a_warm_start_tries_first_what_it_begins_at() -> None:
    warm = [GRID.design.configs[50], GRID.design.configs[58]]
    found = replay(GRID, 60, seed=1, warm=warm)
    assert [dict(trial.config) for trial in found.trials[:2]] == [dict(config) for config in warm]
    assert all(config in found.boxes[0] for config in warm)
    assert found.boxes[0] != GRID.space.start()
    assert found.spent <= 60


def test_sides_that_saw_an_earlier_search_are_printed_but_not_ranked(capsys: pytest.CaptureFixture[str]) -> None:
    sides = (OURS, OURS_WARM, "random", RANDOM_IN_FULL)
    config = {"learning_rate": 0.05, "weight_decay": 1e-4}
    print_results([outcome(Pick("fashion_mlp", side, seed, 100, config), GRID) for side in sides for seed in (0, 1)])
    ranked, transfer = " ".join(capsys.readouterr().out.split()).split("after an earlier search")
    assert OURS_WARM not in ranked
    assert OURS_WARM in transfer


def test_an_earlier_search_is_of_the_same_hyperparameters() -> None:
    assert all(DESIGNS[one].definition.space == DESIGNS[other].definition.space for one, other in EARLIER.items())


def test_a_misplaced_start_ends_two_decades_below_the_best_learning_rate() -> None:
    space = wide_space(GRID, missed_by=2)
    start = space.start().interval("learning_rate")
    assert start.high == pytest.approx(float(GRID.optimum["learning_rate"]) / 100)
    assert start.high / start.low == pytest.approx(100)


def test_values_are_carried_over_as_the_product_does() -> None:
    strong = {"learning_rate": 0.1, "weight_decay": 0.05}
    assert carried_over(GRID.design, strong) == {**strong, "weight_decay": pytest.approx(0.05 * 400 / 50_000)}
    config = {**SCATTERED.design.configs[0], "weight_decay": 0.01}
    assert carried_over(SCATTERED.design, config) == {**config, "weight_decay": pytest.approx(0.01 * 400 / 50_000)}


def test_only_our_pick_is_judged_as_it_is_carried_over() -> None:
    config = {"learning_rate": 0.05, "weight_decay": 0.05}
    ours, tool = (outcome(Pick("fashion_mlp", side, 0, 60, config), GRID) for side in (OURS, "random"))
    assert ours["regret"] == ours["carried"] == tool["carried"] < tool["regret"]


def test_a_recording_that_was_cut_short_goes_on_behind_its_last_whole_line(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"config": 0, "size": 0, "seed": 0}\n{"config": 1, "si')
    assert list(read_runs(tmp_path, "t")) == [(0, 0, 0)]
    append_run(tmp_path, "t", {"config": 1, "size": 0, "seed": 0})
    assert list(read_runs(tmp_path, "t")) == [(0, 0, 0), (1, 0, 0)]


def test_all_stages_of_a_complete_table_together_want_every_run_that_is_kept_of_it() -> None:
    known = read_runs(FOLDER, "mnist_mlp")
    wanted = {task.key for stage in STAGES for task in stage(DESIGNS["mnist_mlp"], known)}
    assert len(wanted) > 96 * 7
    assert {key for key in known if key[1] == 0} <= wanted


def test_picks_that_were_kept_are_read_again(tmp_path: Path) -> None:
    pick = Pick("t", OURS, 1, 60, {"learning_rate": 0.1})
    line = json.dumps({"table": "t", "side": OURS, "seed": 1, "budget": 60, "config": {"learning_rate": 0.1}})
    (tmp_path / "picks").write_text(f"{line}\n{line[:10]}")
    assert kept_picks(tmp_path / "picks") == [pick]
    assert kept_picks(None) == []


def test_an_interval_is_students() -> None:
    values = [1.0, 2.0, 3.0]
    assert interval_text(values) == f"2.00 ± {2.920 * pd.Series(values).sem():.2f}"
