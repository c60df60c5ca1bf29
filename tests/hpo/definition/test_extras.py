import pytest

from hpo.definition.extras import NEEDS, check_installed
from hpo.definition.files import load_definition
from hpo.run import main
from hpo.searching.proposing import SAMPLERS
from hpo.storage.errors import UserError


@pytest.mark.parametrize("sampler", NEEDS)
def test_a_sampler_without_its_package_is_refused_with_the_extra_that_installs_it(sampler):
    told = rf"needs {' and '.join(NEEDS[sampler])}.*pip install 'hpo-service\[{sampler}\]'"
    with pytest.raises(UserError, match=told):
        check_installed(sampler, installed=lambda name: False)


@pytest.mark.parametrize("sampler", [sampler for sampler in SAMPLERS if sampler not in NEEDS])
def test_the_other_samplers_need_nothing(sampler):
    check_installed(sampler, installed=lambda name: False)


def test_a_sampler_whose_packages_are_there_is_taken():
    check_installed("gp", installed=lambda name: True)


def test_a_run_without_the_package_ends_before_anything_is_made(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("hpo.definition.extras.find_spec", lambda name: None)
    out, url = tmp_path / "out", f"sqlite:///{tmp_path / 'hpo.db'}"
    code = main(["--study", "smoke", "--set", "search.sampler=gp", "--storage", url, "--out", str(out)])
    assert code == 2
    assert "pip install 'hpo-service[gp]' (in a clone: pip install '.[gp]')" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_cma_es_over_choices_is_refused_since_it_would_draw_them_at_random():
    choices = "space.batch_size={choices = [10, 100]}"
    with pytest.raises(UserError, match=r"space\.batch_size is a choice, which cmaes would draw at random"):
        load_definition("smoke", ["search.sampler=cmaes", choices])
