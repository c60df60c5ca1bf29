from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState

from hpo.certificate.plan import (
    CertificatePlan,
    certificate,
    ladder,
    make_plan,
    same_updates,
    scores,
    smallest_round,
    trial_key,
    wanted_trials,
    widened,
)
from hpo.certificate.ranking import Size
from hpo.definition.reading import read_definition
from hpo.definition.rounds import RoundRecord
from hpo.searching.space import Box, Interval
from hpo.storage.datasets import load_training_part, locate
from hpo.storage.errors import UserError
from hpo.training.assignments import assignment
from hpo.training.cuts import Cut
from hpo.training.images import StudyData
from tests.support.builders import comparison_tables, definition, linear, log_scaled, queued, space

STUDY = definition()
SIZES = (Size(400, 10), Size(1600, 3), Size(6400, 1))


def plan(**changes: object) -> CertificatePlan:
    return make_plan(STUDY, [], 10_000, **changes)  # type: ignore[arg-type]


@given(st.integers(1, 10**4), st.integers(1, 500), st.integers(1, 10**6))
def test_more_images_get_at_least_as_many_updates_in_the_fewest_whole_epochs(samples, epochs, more):
    first = Size(samples, epochs)
    size = same_updates(first, samples + more)
    assert size.cost >= first.cost
    assert size.epochs == 1 or Size(size.samples, size.epochs - 1).cost < first.cost


@given(st.integers(1, 10**4), st.integers(1, 10**6))
def test_a_ladder_rises_from_the_rounds_size_to_sixteen_times_it_or_all_of_the_pool(samples, pool):
    if pool <= samples:
        with pytest.raises(UserError, match="compares with more"):
            ladder(Size(samples, 10), pool)
        return
    rungs = [size.samples for size in ladder(Size(samples, 10), pool)]
    assert rungs[0] == samples
    assert rungs[-1] == min(16 * samples, pool)
    assert all(low < high <= 4 * low for low, high in pairwise(rungs))


def test_the_largest_size_can_be_asked_for():
    assert [size.samples for size in ladder(Size(500, 40), 50_000, 50_000)] == [500, 2000, 8000, 32_000, 50_000]
    with pytest.raises(UserError, match="--largest 500 is no more"):
        ladder(Size(500, 40), 50_000, 500)


def test_the_ladder_begins_with_the_round_that_trains_on_the_fewest_images():
    study = definition(rounds=[{"trials": 9, "samples": n, "epochs": e} for n, e in ((800, 5), (200, 20))])
    assert smallest_round(study) == Size(200, 20)


def test_before_the_second_round_the_configs_lie_in_the_start_and_later_around_the_last_box():
    assert all(config in STUDY.space.start() for config in plan().configs)
    moved = STUDY.space.box({"learning_rate": [0.01, 0.1], "weight_decay": [1e-8, 1e-6]})
    rounds = [RoundRecord(1, STUDY.space.start(), (), ()), RoundRecord(2, moved, (), ())]
    made = make_plan(STUDY, rounds, 10_000, configs=64)
    around = widened(STUDY.space, moved)
    assert all(config in around for config in made.configs)
    assert not all(config in moved for config in made.configs)
    assert "round 2" in made.where


def test_a_box_widens_by_half_a_step_on_each_side_inside_the_limits():
    two = space(lr=log_scaled((1e-3, 1e-2), (1e-5, 10**-1.75)), dropout=linear((0.0, 0.8)))
    wide = widened(two, Box({"lr": Interval(1e-3, 1e-2), "dropout": Interval(0.3, 0.4)}))
    assert wide.interval("lr").low == pytest.approx(10**-3.5)
    assert wide.interval("lr").high == pytest.approx(10**-1.75)
    assert (wide.interval("dropout").low, wide.interval("dropout").high) == pytest.approx((0.2, 0.5))


def test_every_config_is_trained_on_every_size_with_every_seed_once():
    made = plan(seeds=4)
    assert made.sizes == SIZES
    wanted = wanted_trials(made, STUDY.seed)
    assert len({trial_key(attributes) for _, attributes in wanted}) == len(wanted) == 3 * 16 * 4
    assert all(config == made.configs[attributes["index"]] for config, attributes in wanted)


def test_the_configs_of_a_run_share_its_seed_and_no_other_size_or_run_has_it():
    seeds = {(a["size"], a["run"], a["seed"]) for _, a in wanted_trials(plan(), STUDY.seed)}
    assert len(seeds) == len({seed for *_, seed in seeds}) == 9


def test_a_plan_reads_back_from_its_record():
    assert CertificatePlan.read(plan().record()) == plan()


def test_scores_are_read_off_finished_trials_and_a_failed_one_has_the_worst():
    made = plan()
    complete = [
        queued(i, a, state=TrialState.COMPLETE, rungs={100: 0.5 + 0.01 * a["index"]})
        for i, (_, a) in enumerate(wanted_trials(made, STUDY.seed))
    ]
    assert certificate(made, complete[:-1], STUDY.seed) is None
    assert certificate(made, complete, STUDY.seed) is not None
    complete[0] = queued(0, complete[0].attributes, state=TrialState.FAIL)
    found = scores(made, complete)
    assert found[SIZES[0]][0, 0] == 0
    assert found[SIZES[2]][7] == pytest.approx([0.57] * 3)
    assert np.isnan(scores(made, [])[SIZES[1]]).all()


def test_a_comparison_and_too_small_a_space_are_refused():
    with pytest.raises(UserError, match="picks no config"):
        make_plan(read_definition("grid", comparison_tables()), [], 10_000)
    few = definition(space={"dropout": {"choices": [0.0, 0.2, 0.5]}})
    with pytest.raises(UserError, match=r"3 different configs .* --configs"):
        make_plan(few, [], 10_000)


def test_sizes_and_runs_are_scored_on_images_of_their_own_that_the_search_never_saw(blobs):
    study = definition(
        data={"dataset": str(blobs), "holdout": 900, "validation": 100, "confirmation": 200},
        rounds=[{"trials": 8, "samples": 100, "epochs": 4}],
    )
    located = locate(str(blobs), announce=lambda text: None)
    data = StudyData.build(study, located, load_training_part(located))
    made = make_plan(study, [], data.pool_size)
    wanted = {trial_key(a): queued(i, a) for i, (_, a) in enumerate(wanted_trials(made, study.seed))}
    tasks = {
        (size, run): assignment(study, data.pool_size, wanted[size, 0, run]) for size in range(3) for run in range(3)
    }
    folds = {key: data.fold(task.cuts[0]) for key, task in tasks.items()}
    assert {(key[0], len(folds[key].train), task.epochs) for key, task in tasks.items()} == {
        (0, 100, 4),
        (1, 400, 1),
        (2, 1600, 1),
    }
    assert all(task.test == "never" and len(folds[key].validation) == 200 for key, task in tasks.items())
    assert len({fold.validation.images.tobytes() for fold in folds.values()}) == 9
    searched = {image.tobytes() for image in data.fold(Cut(100)).validation.images}
    assert not searched & {image.tobytes() for image in folds[2, 1].validation.images}
    again = data.fold(assignment(study, data.pool_size, wanted[1, 5, 2]).cuts[0])
    assert np.array_equal(again.validation.images, folds[1, 2].validation.images)
