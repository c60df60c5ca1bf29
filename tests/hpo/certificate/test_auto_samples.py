from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo.certificate.auto_samples import AUTO, SAMPLES, auto_rounds, choice_record, with_samples
from hpo.certificate.ranking import Certificate, Size, SizeVerdict
from hpo.definition.reading import read_definition
from hpo.definition.study import StudyDefinition
from hpo.record.declared import DeclaredStudy, Resolved
from hpo.record.results import load_results
from hpo.record.study import StudyRecord, chosen_samples
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from tests.support.builders import tables

ROUNDS: list[dict[str, Any]] = [
    {"trials": 8, "samples": AUTO, "epochs": 40},
    {"trials": 8, "samples": 700, "epochs": 9},
    {"trials": 6, "samples": AUTO, "epochs": 20},
]
SOURCE = {"provenance": "made up", "sha256": "0", "complete": "yes"}
DATA = {"pool": 10_000, "chance": 0.1}
PASSES, FAILS = (SizeVerdict(Size(500, 40), 0.7, low, 0.0, 0.0, 0.8) for low in (0.4, -0.4))


def declared() -> dict[str, Any]:
    return tables(rounds=ROUNDS)


def chosen(samples: int) -> StudyDefinition:
    return read_definition("small", with_samples(declared(), samples))


def test_the_rounds_that_say_auto_are_found():
    assert auto_rounds(declared()) == [0, 2]
    assert auto_rounds(tables()) == []


def test_until_a_certificate_is_made_an_auto_round_stands_for_the_number_its_epochs_are_for():
    sizes = [(each.samples, each.epochs) for each in read_definition("small", with_samples(declared())).rounds]
    assert sizes == [(SAMPLES, 40), (700, 9), (SAMPLES, 20)]


@given(st.integers(1, 60_000))
def test_a_chosen_number_gets_epochs_for_as_many_updates_and_other_rounds_stay(samples):
    first, second, third = chosen(samples).rounds
    assert (first.samples, third.samples) == (samples, samples)
    assert 40 * SAMPLES <= first.samples * first.epochs < 40 * SAMPLES + samples
    assert (second.samples, second.epochs) == (700, 9)


def test_what_follows_from_a_choice_is_a_definition_of_numbers_alone():
    assert AUTO not in str(chosen(2000).record())


@pytest.mark.parametrize("epochs", [0, 2.5, "many", True])
def test_epochs_that_are_none_are_named(epochs):
    rounds = [{"trials": 8, "samples": AUTO, "epochs": epochs}]
    with pytest.raises(UserError, match=r"rounds\.0: .* takes epochs, those for 500 images"):
        with_samples(tables(rounds=rounds))


def test_auto_where_it_is_not_known_is_a_mistake_and_not_a_number():
    with pytest.raises(UserError, match=r"rounds\.0\.samples = 'auto'"):
        read_definition("small", declared())


def test_the_choice_is_the_smallest_size_that_passes_or_the_largest_there_is():
    assert choice_record(Certificate(Size(8000, 3), (PASSES,), 0.8, 16, 3), [0, 2]) == {
        "rounds": [0, 2],
        "samples": 500,
        "passed": True,
        "of": [500, 8000],
    }
    none = choice_record(Certificate(Size(8000, 3), (FAILS,), 0.8, 16, 3), [0])
    assert (none["samples"], none["passed"]) == (8000, False)


def test_the_choice_is_in_the_studys_record_and_every_reader_sees_the_number(tmp_path):
    made = choice_record(Certificate(Size(2000, 10), (FAILS,), 0.8, 16, 3), [0, 2])
    with Database(f"sqlite:///{tmp_path / 'study.db'}") as database:
        assert chosen_samples(database, "small") is None
        StudyRecord.create(database, chosen(2000), DATA, SOURCE, chosen=made)
        assert chosen_samples(database, "small") == made
        results = load_results(database, "small")
        assert results.chosen == made
        assert [each.samples for each in results.definition.rounds] == [2000, 700, 2000]
        assert StudyRecord.create(database, chosen(2000), DATA, SOURCE, chosen=made).definition == chosen(2000)
        StudyRecord.create(database, read_definition("plain", tables()), DATA, SOURCE)
        assert chosen_samples(database, "plain") is None


def test_a_study_that_has_begun_keeps_its_number_whatever_a_certificate_says(tmp_path):
    made = choice_record(Certificate(Size(2000, 10), (FAILS,), 0.8, 16, 3), [0, 2])
    with Database(f"sqlite:///{tmp_path / 'study.db'}") as database:
        StudyRecord.create(database, chosen(2000), DATA, SOURCE, chosen=made)
        declared_auto = DeclaredStudy(declared(), chosen(500), lambda numbers: read_definition("small", numbers))
        found = declared_auto.resolved(database, lambda definition: pytest.fail("nothing is to be certified"))
        assert found == Resolved(chosen(2000), made)
        assert declared_auto.as_far_as_known(database) == chosen(2000)


def test_a_study_that_has_not_begun_takes_what_a_certificate_says(tmp_path):
    declared_auto = DeclaredStudy(declared(), chosen(500), lambda numbers: read_definition("small", numbers))
    with Database(f"sqlite:///{tmp_path / 'study.db'}") as database:
        found = declared_auto.resolved(database, lambda _: Certificate(Size(2000, 10), (FAILS,), 0.8, 16, 3))
        assert found is not None
        assert (found.definition, found.chosen["samples"]) == (chosen(2000), 2000)
        assert declared_auto.resolved(database, lambda _: None) is None, "it was asked to stop"
        assert declared_auto.as_far_as_known(database) == chosen(500)


def test_a_study_without_auto_needs_no_certificate(tmp_path):
    definition = read_definition("plain", tables())
    with Database(f"sqlite:///{tmp_path / 'study.db'}") as database:
        found = DeclaredStudy.of(definition).resolved(database, lambda _: pytest.fail("nothing is to be certified"))
    assert found == Resolved(definition)
