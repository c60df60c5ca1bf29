"""After the search, where a learning rate may be inactive, on steps, or tied to something else."""

from hpo.proof.final_stage import _probes, carried_over, changes_of, with_values
from hpo.proof.good_values import boundaries
from tests.support.builders import definition, result

RATE = {"log": True, "start": [1e-4, 1e-2], "limits": [1e-6, 10.0]}
DECAY = {"log": True, "start": [1e-6, 1e-1], "limits": [1e-8, 1.0]}
OPTIMIZER = {"choices": ["sgd", "momentum", "adam"]}
POOL = 40_000


def test_a_value_that_is_not_active_or_lies_on_steps_is_changed_beside_the_config():
    of = definition(space={"optimizer": OPTIMIZER, "learning_rate": RATE | {"when": {"optimizer": ["sgd"]}}})
    new = {"learning_rate": 0.5}
    assert with_values(of, {"optimizer": "adam"}, new) == ({"optimizer": "adam"}, new)
    assert with_values(of, {"optimizer": "sgd", "learning_rate": 0.1}, new)[0]["learning_rate"] == 0.5
    stepped = definition(space={"learning_rate": {"start": [0.1, 0.5], "step": 0.1}})
    assert with_values(stepped, {"learning_rate": 0.1}, {"learning_rate": 0.05}) == (
        {"learning_rate": 0.1},
        {"learning_rate": 0.05},
    )


def test_a_neighbour_that_a_relation_forbids_is_not_tried():
    of = definition(space={"require": ["learning_rate >= 0.008"], "learning_rate": RATE | {"start": [1e-4, 1e-1]}})
    assert list(_probes(of, ({"learning_rate": 0.01}, {}))) == ["probe_higher"]


def test_weight_decay_is_not_carried_over_to_what_a_relation_forbids():
    config = {"learning_rate": 0.01, "weight_decay": 0.05}
    free = definition(space={"learning_rate": RATE, "weight_decay": DECAY})
    tied = definition(
        space={"require": ["weight_decay >= learning_rate"], "learning_rate": RATE, "weight_decay": DECAY}
    )
    assert changes_of(free, result(config, 0.9), POOL)
    assert changes_of(tied, result(config, 0.9), POOL) == ()
    assert carried_over(tied, result(config, 0.9), POOL) == (config, {})


def test_what_is_not_active_lies_at_no_boundary():
    of = definition(space={"optimizer": OPTIMIZER, "learning_rate": RATE | {"when": {"optimizer": ["sgd"]}}})
    assert boundaries(of.space, {"optimizer": "adam"}) == ()
    assert boundaries(of.space, {"optimizer": "sgd", "learning_rate": 10.0}) == ("learning_rate",)
