from hpo.searching.conditions import active_names, cycle

CONDITIONS = {"momentum": {"optimizer": ("sgd",)}, "nesterov": {"momentum": (0.9,), "layers": (2, 3)}}
NAMES = ("optimizer", "layers", "momentum", "nesterov")


def test_what_hangs_on_nothing_is_always_active_and_the_rest_where_its_parents_say_so():
    assert active_names(NAMES, CONDITIONS, {"optimizer": "adam", "layers": 2}) == ["optimizer", "layers"]
    values = {"optimizer": "sgd", "layers": 2, "momentum": 0.9}
    assert active_names(NAMES, CONDITIONS, values) == list(NAMES)
    assert active_names(NAMES, CONDITIONS, values | {"layers": 1}) == ["optimizer", "layers", "momentum"]


def test_what_hangs_on_an_inactive_parent_is_not_active_whatever_value_is_there():
    values = {"optimizer": "adam", "layers": 2, "momentum": 0.9}
    assert active_names(NAMES, CONDITIONS, values) == ["optimizer", "layers"]


def test_what_is_fixed_may_be_a_parent():
    assert active_names(["a"], {"a": {"fixed": (1,)}}, {"fixed": 1}) == ["a"]
    assert active_names(["a"], {"a": {"fixed": (1,)}}, {"fixed": 2}) == []


def test_a_circle_is_found_wherever_it_begins():
    assert cycle(CONDITIONS) == []
    assert cycle({"x": {"a": (1,)}, "a": {"b": (1,)}, "b": {"c": (1,)}, "c": {"a": (1,)}}) == ["a", "b", "c", "a"]
    assert cycle({"a": {"a": (1,)}}) == ["a", "a"]
