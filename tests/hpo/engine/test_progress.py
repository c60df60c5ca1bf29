from dataclasses import replace
from itertools import pairwise

import pytest
from optuna.trial import TrialState

from hpo.engine.progress import progress
from hpo.searching.queued import QueuedTrial
from tests.support.builders import definition, queued

POOL = 1000
STUDY = definition()
"""A trial is 400 images x 10 epochs = 4,000 image-epochs; rungs stop half at 25 % and at 50 %: half of all the work."""

SEARCH_TOTAL = (20 + 12) * 4000 / 2
FINAL_TOTAL = (3 * 3 + 2 * 2) * 4000 + (2 + 1) * 2 * POOL * 5
"""Three configs race over three runs, two (a guess) get two more and two seeds on all of the data, one unscaled."""

LIFE = [
    ({}, TrialState.WAITING),
    ({}, TrialState.RUNNING),
    ({25: 0.3}, TrialState.WAITING),
    ({25: 0.3, 50: 0.4}, TrialState.WAITING),
    ({25: 0.3, 50: 0.4, 100: 0.5}, TrialState.COMPLETE),
]


def trial(index: int, age: int, *, round_: int = 1, last: int = 4) -> QueuedTrial:
    """Return a trial after `age` events of a life that is stopped after `last`, if that is not its end."""
    rungs, state = LIFE[min(age, last)]
    stopped = last < 4 and age > last
    attributes = {"round": round_, "index": index}
    return queued(index, attributes, rungs=rungs, state=TrialState.PRUNED if stopped else state)


def run_of(stage: str, *, done: bool) -> QueuedTrial:
    state = TrialState.COMPLETE if done else TrialState.WAITING
    return queued(0, {"stage": stage}, rungs={100: 0.9} if done else {}, state=state)


LASTS = [2] * 10 + [3] * 5 + [4] * 5
"""Of twenty trials ten stop at the first rung and five at the second."""


def first_round(age: int) -> list[QueuedTrial]:
    return [trial(i, age, last=last) for i, last in enumerate(LASTS)]


def test_a_study_that_has_not_begun_has_all_of_its_work_before_it():
    now = progress(STUDY, [], [], POOL)
    assert (now.work, now.total) == (0, SEARCH_TOTAL + FINAL_TOTAL)
    assert (now.phase, now.trials_done, now.trials_in_phase, now.best) == ("round 1 of 2", 0, 0, None)


@pytest.mark.parametrize(("age", "share"), [(0, 0), (1, 0), (2, 0.25), (3, 0.375), (4, 0.5), (5, 0.5)])
def test_work_is_what_every_trial_was_trained(age, share):
    assert progress(STUDY, first_round(age), [], POOL).work == pytest.approx(20 * 4000 * share)


def test_groups_multiply_the_work_of_a_trial_but_not_of_a_run():
    study = definition(search={"groups": 3})
    assert progress(study, first_round(5), [], POOL).work == pytest.approx(3 * 20 * 4000 / 2)
    assert progress(study, [], [run_of("race", done=True)], POOL).work == 4000
    assert progress(study, [], [run_of("full", done=True)], POOL).work == POOL * 5


def test_training_has_begun_when_a_worker_has_a_trial():
    assert [progress(STUDY, first_round(age), [], POOL).training for age in (0, 1, 5)] == [False, True, False]


def test_the_best_so_far_counts_stopped_trials_by_what_they_would_have_scored():
    assert progress(STUDY, first_round(1), [], POOL).best is None
    assert progress(STUDY, first_round(5), [], POOL).best == 0.5


def test_a_trial_is_done_when_it_is_finished_or_stopped():
    now = progress(STUDY, first_round(3), [], POOL)
    assert (now.trials_done, now.trials_in_phase) == (10, 20)


def history() -> list[tuple[list[QueuedTrial], list[QueuedTrial]]]:
    """Return every moment of a study whose race leaves one good value."""
    moments: list[tuple[list[QueuedTrial], list[QueuedTrial]]] = [([], [])]
    moments += [(first_round(age), []) for age in range(6)]
    for age in range(6):
        second = [trial(i, age, round_=2, last=last) for i, last in enumerate([2] * 6 + [3] * 3 + [4] * 3)]
        moments.append((first_round(5) + second, []))
    search = moments[-1][0]
    planned: list[str] = []
    for stages in (["race"] * 9, ["confirm"] * 2 + ["full"] * 2, ["plain"] * 2):
        for done in range(len(stages) + 1):
            over = [run_of(stage, done=True) for stage in planned + stages[:done]]
            moments.append((search, over + [run_of(stage, done=False) for stage in stages[done:]]))
        planned += stages
    return moments


def test_work_never_shrinks_and_never_exceeds_its_total():
    seen = [progress(STUDY, search, final, POOL) for search, final in history()]
    assert all(before.work <= after.work for before, after in pairwise(seen))
    assert all(now.work <= now.total for now in seen)
    assert seen[-1].work == seen[-1].total


def test_the_phases_come_in_their_order():
    phases = list(dict.fromkeys(progress(STUDY, search, final, POOL).phase for search, final in history()))
    assert phases == ["round 1 of 2", "round 2 of 2", "race", "confirmation", "all of the data"]


def test_with_the_number_of_good_values_known_the_total_is_exact():
    search = first_round(5) + [trial(i, 5, round_=2, last=last) for i, last in enumerate([2] * 6 + [3] * 3 + [4] * 3)]
    one_good = [run_of("race", done=True)] * 9 + [run_of("confirm", done=False)] * 2 + [run_of("full", done=False)] * 2
    assert progress(STUDY, search, one_good, POOL).total == SEARCH_TOTAL + 11 * 4000 + 2 * 2 * POOL * 5


def test_probes_belong_to_the_work_from_the_beginning_and_what_is_taken_when_it_comes():
    study = definition(final={"probe": True})
    assert progress(study, [], [], POOL).total == SEARCH_TOTAL + FINAL_TOTAL + (2 * 2 + 0.5 * 2) * POOL * 5
    final = [run_of(stage, done=True) for stage in ["race"] * 9 + ["confirm"] * 2 + ["full"] * 2]
    probes = [run_of(stage, done=True) for stage in ("probe_lower", "probe_higher") for _ in range(2)]
    search = history()[-1][0]
    before, after = (
        progress(study, search, final + probes + [run_of("adopted", done=True)] * taken, POOL) for taken in (0, 2)
    )
    assert (before.work, after.work) == (before.total, after.total)
    assert after.total == before.total + 2 * POOL * 5
    assert after.phase == "all of the data"


@pytest.mark.parametrize("adopted", [True, False])
def test_what_is_left_is_right_within_a_factor_of_two_though_nobody_knows_whether_a_probe_will_be_adopted(adopted):
    study = definition(final={"probe": True})
    stages = [*["race"] * 9, *["confirm"] * 2, *["full"] * 2, *["plain"] * 2, *["probe_lower", "probe_higher"] * 2]
    search, full = history()[-1][0], POOL * 5
    after = 2 * full * adopted
    for done in range(stages.index("plain"), len(stages)):
        final = [run_of(stage, done=i < done) for i, stage in enumerate(stages)]
        now = progress(study, search, final, POOL)
        left = full * (len(stages) - done) + after
        assert 0.5 <= (now.total - now.work) / left <= 2


def test_between_two_rungs_a_trial_counts_by_what_its_worker_says():
    running = replace(trial(0, 0), state=TrialState.RUNNING, on_the_way=20)
    now = progress(STUDY, [running, trial(1, 0)], [], POOL)
    assert now.work == pytest.approx(0.2 * progress(STUDY, [trial(0, 9)], [], POOL).work)
    assert replace(running, state=TrialState.WAITING).trained == 0, "whoever said so is gone"


def test_epochs_are_counted_beside_trials():
    two = [replace(trial(i, 0), attributes={**trial(i, 0).attributes, "epochs": 10}) for i in range(2)]
    running = replace(two[0], state=TrialState.RUNNING, on_the_way=20)
    now = progress(STUDY, [running, two[1]], [], POOL)
    assert (now.trials_done, now.epochs_done, now.epochs_in_phase) == (0, 2.0, 20.0)


def test_what_a_worker_says_never_goes_beyond_what_it_may():
    allowed = {**trial(0, 0).attributes, "allowed": 25}
    assert replace(trial(0, 0), state=TrialState.RUNNING, on_the_way=90, attributes=allowed).trained == 25
