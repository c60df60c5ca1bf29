"""Configs with choices, and with hyperparameters that others lack, lie where a kernel can be one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo.auditing.places import apart, places
from hpo.auditing.process import matern
from hpo.searching.space import Categorical, Interval, Numeric, SearchSpace

SPACE = SearchSpace(
    {
        "rate": Numeric(Interval(1e-4, 1.0), Interval(1e-4, 1.0), log=True),
        "kind": Categorical((1, True, "1", 1.5)),
        "layers": Numeric(Interval(1, 5), Interval(1, 5), integer=True),
    }
)


def test_a_range_is_one_wide_and_choices_that_look_alike_are_apart() -> None:
    configs = [{"rate": 1e-4, "kind": 1, "layers": 1}, {"rate": 1.0, "kind": True, "layers": 5}, {"kind": "1"}]
    where = places(SPACE, configs)
    squares = apart(SPACE, where, where)
    assert np.allclose(squares[:, 0, 1], 1.0)
    assert squares[1, 0, 2] == 1.0
    assert np.allclose(squares[0], squares[0].T)
    assert squares[0, 2, 2] == 0.0
    assert squares[0, 0, 2] == squares[0, 1, 2] == 1.25


@settings(max_examples=40, deadline=None)
@given(
    configs=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "rate": st.floats(1e-4, 1.0),
                "kind": st.sampled_from([1, True, "1", 1.5]),
                "layers": st.integers(1, 5),
            },
        ),
        min_size=2,
        max_size=25,
    ),
    lengths=st.lists(st.floats(0.05, 20.0), min_size=3, max_size=3),
)
def test_the_kernel_is_one_whatever_configs_lack(configs: list[dict], lengths: list[float]) -> None:
    where = places(SPACE, configs)
    kernel = matern(apart(SPACE, where, where), np.array(lengths))
    assert np.linalg.eigvalsh(kernel).min() > -1e-9
