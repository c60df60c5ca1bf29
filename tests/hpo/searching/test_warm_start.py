import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.record.results import warm_start
from hpo.record.study import StudyRecord
from hpo.searching.proposing import propose
from hpo.searching.space import Categorical, Interval
from hpo.searching.warm_start import warm_box, warm_configs
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from tests.support.builders import definition, linear, log_scaled, space
from tests.support.databases import CHANCE, POOL, SMALL, coordinator, open_study, run_to_the_end, trials

SPACE = space(
    learning_rate=log_scaled((1e-4, 1e-2), (1e-6, 1.0)),
    padding=linear((0, 2), (0, 8), integer=True),
    optimizer=Categorical(("sgd", "adam")),
)


def test_what_a_source_says_is_taken_and_what_it_does_not_is_the_middle_of_the_start():
    sources = [{"learning_rate": 0.1, "momentum": 0.9}, {"learning_rate": 5.0, "optimizer": "rmsprop"}]
    middle = {"padding": 1, "optimizer": "adam"}
    assert warm_configs(SPACE, sources) == [{"learning_rate": 0.1, **middle}, {"learning_rate": 1.0, **middle}]
    assert warm_configs(SPACE, [sources[0]] * 2) == [{"learning_rate": 0.1, **middle}]
    assert warm_configs(SPACE, [{"momentum": 0.9}]) == []


def test_the_box_is_the_span_of_the_sources_a_step_wider_inside_the_limits():
    box = warm_box(SPACE, [{"learning_rate": 0.03}, {"learning_rate": 0.3, "padding": 3}])
    assert box.interval("learning_rate").low == pytest.approx(0.003)
    assert box.interval("learning_rate").high == 1.0
    assert box["padding"] == Interval(1, 5)
    assert box["optimizer"] == ("sgd", "adam")
    assert warm_box(SPACE, [{"momentum": 0.9}]) == SPACE.start()


@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=6))
def test_the_first_trials_lie_in_the_first_box_and_the_box_in_the_limits(rates):
    sources = [{"learning_rate": rate} for rate in rates]
    box = warm_box(SPACE, sources)
    assert all(config in box for config in warm_configs(SPACE, sources))
    low, high = SPACE.hyperparameters["learning_rate"].limits.low, 1.0
    assert low <= box.interval("learning_rate").low < box.interval("learning_rate").high <= high


def test_a_tenth_of_a_warm_first_round_looks_in_the_whole_limits():
    box = warm_box(SPACE, [{"learning_rate": 0.1}])
    configs = propose(SPACE, box, [], n=40, seed=1, sampler="lattice", warm=True)
    assert all(config in box for config in configs[:36])
    assert any(config not in box for config in configs[36:])


SOURCE = {"provenance": "made up", "sha256": "0", "complete": "yes"}
SOURCES = [{"learning_rate": 0.5, "weight_decay": 1e-5}, {"learning_rate": 0.2, "weight_decay": 1e-5}]


def test_a_warm_study_tries_the_good_values_first_and_says_where_it_looks(tmp_path):
    warm = definition(search={"warm_start": "other"})
    with Database(f"sqlite:///{tmp_path / 'hpo.db'}") as database:
        data = {"pool": POOL, "chance": CHANCE}
        record = StudyRecord.create(database, warm, data, SOURCE, warm_start=SOURCES)
        coordinator(database).step()
        record.refresh()
        (first,) = record.rounds
        tried = [trial.config for trial in trials(database).search]
        assert tried[:2] == SOURCES
        assert len(tried) == first.trials == 20
        assert first.why == ("around the good values of other",)
        assert first.box == warm_box(warm.space, SOURCES)
        assert warm_start(database, warm) == []  # its own record has them: the other study may be gone


def test_good_values_come_from_a_study_that_is_there_and_done(tmp_path):
    warm = definition(search={"warm_start": SMALL.name})
    other = type(warm)(**{**{f: getattr(warm, f) for f in warm.__dataclass_fields__}, "name": "another"})
    with open_study(tmp_path / "hpo.db") as database:
        with pytest.raises(UserError, match="that study has no good values yet; finish it"):
            warm_start(database, other)
        run_to_the_end(database)
        configs = warm_start(database, other)
        assert configs
        assert all(set(config) == {"learning_rate", "weight_decay"} for config in configs)
        strange = definition(search={"warm_start": "nowhere"})
        missing = type(warm)(**{**{f: getattr(strange, f) for f in warm.__dataclass_fields__}, "name": "another"})
        with pytest.raises(UserError, match="no study named 'nowhere'"):
            warm_start(database, missing)


def test_a_grid_has_no_use_for_a_warm_start():
    with pytest.raises(UserError, match="warm_start does not go with a grid"):
        definition(search={"sampler": "grid", "warm_start": "other"})
