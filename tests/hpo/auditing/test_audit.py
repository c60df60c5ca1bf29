"""An audit finds what is true of invented searches, and says where it can't tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpo.auditing.again import again
from hpo.auditing.audit import Audit, audit
from hpo.auditing.process import Surfaces
from hpo.auditing.search import AuditedSearch, AuditedTrial, best_of, score_of
from hpo.auditing.ties import Tied
from hpo.searching.metric import Metric
from hpo.searching.space import Interval, Numeric, SearchSpace
from tests.hpo.auditing.searches import RATE, SPACE, hill, searched

LOSS = Metric("loss", "minimize", low=None, high=None, is_share=False)


def true_luck(search: AuditedSearch) -> float:
    best = best_of(search.scored)
    return score_of(best) - hill(-2.0)(best.config)


@pytest.fixture(scope="module")
def audits() -> list[tuple[AuditedSearch, Audit]]:
    searches = [searched(hill(-2.0), seed=seed) for seed in range(0, 32, 2)]
    return [(search, audit(search)) for search in searches]


def test_the_luck_that_is_told_is_within_a_point_and_intervals_hold_it(audits) -> None:
    near = [
        abs(found.luck.luck - true_luck(search)) <= 0.01 for search, found in audits if found.luck.verdict == "told"
    ]
    held = [found.luck.low <= true_luck(search) <= found.luck.high for search, found in audits]
    assert len(near) >= 12
    assert np.mean(near) >= 0.9
    assert np.mean(held) >= 0.75


def test_the_noise_that_is_found_is_the_one_that_was_drawn(audits) -> None:
    assert np.median([found.luck.noise for _, found in audits]) == pytest.approx(0.01, rel=0.25)


def test_the_config_that_is_best_in_truth_is_among_the_ties(audits) -> None:
    kept = []
    for search, found in audits:
        best = max(search.trials, key=lambda trial: hill(-2.0)(trial.config))
        kept.append(best.number in found.tied_numbers)
    assert np.mean(kept) >= 0.9


def test_an_end_is_named_where_the_best_lies_beyond_it_and_none_where_it_lies_inside(audits) -> None:
    for _, found in audits:
        assert not found.edges
    for seed in range(5):
        (edge,) = audit(searched(hill(0.5), seed=seed)).edges
        assert (edge.name, edge.side, edge.end) == ("rate", "upper", 1.0)


def test_what_can_not_go_beyond_an_end_is_not_told_to() -> None:
    share = SearchSpace({"dropout": Numeric(Interval(0, 0.5), Interval(0, 0.5)), "rate": RATE})
    found = audit(searched(lambda config: 0.9 - 0.3 * config["dropout"], space=share))
    assert not found.edges, "there is nothing below 0"


def test_what_has_no_effect_is_told_from_what_has(audits) -> None:
    assert np.mean(["width" in found.without_effect for _, found in audits]) >= 0.7
    assert not any("rate" in found.without_effect for _, found in audits)


@pytest.mark.parametrize(
    ("search", "verdict"),
    [
        (searched(hill(-2.0), count=11), "too few trials"),
        (searched(lambda config: 0.5, noise=0.0), "all equal"),
        (searched(hill(-2.0), noise=0.0), "no noise"),
        (searched(hill(-2.0), noise=0.1, count=40), "unsure"),
    ],
    ids=["few", "equal", "exact", "noisy"],
)
def test_where_luck_can_not_be_told_it_says_so(search: AuditedSearch, verdict: str) -> None:
    assert audit(search).luck.verdict == verdict


def test_a_loss_is_audited_as_its_mirror_image() -> None:
    mirrored = searched(lambda config: -hill(-2.0)(config), metric=LOSS, noise=-0.01)
    plain = searched(hill(-2.0), metric=replace(LOSS, direction="maximize"))
    ours, theirs = audit(mirrored), audit(plain)
    assert ours.luck == theirs.luck
    assert [each.number for each in ours.ties] == [each.number for each in theirs.ties]


def test_in_other_units_all_that_is_told_has_these_units() -> None:
    reward = Metric("reward", low=None, high=None, is_share=False)
    small = searched(hill(-2.0), metric=reward)
    large = replace(small, trials=[replace(trial, score=1000 * score_of(trial) - 7000) for trial in small.trials])
    ours, theirs = audit(small), audit(large)
    assert theirs.luck.luck == pytest.approx(1000 * ours.luck.luck, rel=0.02)
    assert theirs.luck.verdict == ours.luck.verdict
    assert theirs.edges == ours.edges


def test_the_same_search_has_the_same_audit(audits) -> None:
    search, found = audits[0]
    assert audit(search) == found


def test_no_failed_running_or_hopeless_trial_changes_what_is_told_of_the_others() -> None:
    search = searched(hill(-2.0))
    config = search.trials[0].config
    more = [AuditedTrial(80, config, None, "failed"), AuditedTrial(81, {}, None, "running")]
    assert audit(replace(search, trials=[*search.trials, *more])).luck == audit(search).luck


def test_trials_stopped_early_help_where_it_is_known_what_they_would_have_come_to() -> None:
    search = searched(hill(-2.0))
    rungs = [replace(trial, rungs={1: score_of(trial) - 0.1}) for trial in search.trials]
    cut = [
        replace(trial, state="stopped", score=score_of(trial) - 0.1) if trial.config["rate"] > 0.1 else trial
        for trial in rungs
    ]
    assert any(trial.state == "stopped" for trial in cut)
    found = audit(replace(search, trials=cut))
    assert {each.number for each in found.expectations} == {trial.number for trial in search.trials}
    assert not {each.number for each in found.ties} & {trial.number for trial in cut if trial.state == "stopped"}
    without = audit(replace(search, trials=[replace(trial, rungs=None) for trial in cut]))
    assert len(without.expectations) < len(found.expectations), "nobody saw where they were stopped"


def test_a_config_again_is_a_duplicate_and_shows_the_noise() -> None:
    search = searched(hill(-2.0))
    twice = [replace(trial, number=80 + i, score=score_of(trial) + 0.02) for i, trial in enumerate(search.trials[:5])]
    found = audit(replace(search, trials=[*search.trials, *twice])).duplicates
    assert (found.repeated, found.configs, found.pairs) == (5, 5, 5)
    assert found.noise == pytest.approx(0.02 / np.sqrt(2))
    assert not found.fixed
    same = [replace(trial, score=score_of(search.trials[i])) for i, trial in enumerate(twice)]
    again = audit(replace(search, trials=[*search.trials, *same]))
    assert again.duplicates.fixed
    assert again.luck.noise == pytest.approx(audit(search).luck.noise, rel=0.1), "they say nothing of luck"


def test_a_conditional_hyperparameter_is_looked_at_among_those_that_have_it() -> None:
    momentum = Numeric(Interval(0, 0.99), Interval(0, 0.99))
    search = searched(hill(-2.0), count=120)
    rng = np.random.default_rng(0)
    trials = []
    for trial in search.trials:
        value = float(rng.random() * 0.99)
        has = trial.config["kind"] == "tanh"
        config = {**trial.config, **({"momentum": value} if has else {})}
        trials.append(replace(trial, config=config, score=score_of(trial) - (0.2 * value if has else 0.0)))
    space = SearchSpace({**SPACE.hyperparameters, "momentum": momentum})
    found = audit(replace(search, space=space, trials=trials))
    effects = {each.name: each for each in found.effects}
    assert effects["momentum"].verdict == "relevant"
    assert effects["momentum"].trials == sum("momentum" in trial.config for trial in trials)
    assert found.luck.verdict in ("told", "unsure")


def test_what_to_run_again_covers_the_best_and_would_find_it(audits) -> None:
    for _, found in audits:
        assert found.again is not None
        assert 1 <= len(found.again.configs) <= 5
        assert found.again.chance >= 0.9
        assert found.again.configs[0] == found.ties[0]


def test_who_wants_to_know_more_exactly_has_to_run_them_more_often() -> None:
    rng = np.random.default_rng(0)
    means = 0.8 + 0.02 * rng.standard_normal((2000, 3))
    surfaces = Surfaces(means, means, np.full(2000, 0.04), np.full(2000, 0.04))
    tied = [Tied(i, {}, 0.8, 0.8, 0.79, 0.81, 1 / 3, i) for i in range(3)]
    plans = [again(tied, surfaces, near, np.random.default_rng(1)) for near in (0.04, 0.015, 0.001)]
    assert plans[0].runs < plans[1].runs < plans[2].runs == 30
    assert plans[1].chance >= 0.9 > plans[2].chance, "of which nothing is hidden"


def test_a_later_half_that_found_nothing_promises_nothing_more() -> None:
    search = searched(hill(-2.0), noise=0.002)
    order = sorted(search.trials, key=lambda trial: -score_of(trial))
    gains = [
        audit(replace(search, trials=[replace(trial, number=i) for i, trial in enumerate(trials)])).gain
        for trials in (order, order[::-1])
    ]
    assert all(gain is not None for gain in gains)
    none, much = gains
    assert none.expected == 0
    assert much.expected > 0.01
