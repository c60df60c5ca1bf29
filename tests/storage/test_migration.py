"""Databases of version 1 after they were opened: each says what its own version said of it."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from hpo.storage import optuna_studies, repair, studies
from hpo.storage.database import Database
from hpo.storage.errors import UserError
from hpo.storage.migration import upgrade as migration
from hpo.storage.migration import version_1, version_1_trials
from hpo.storage.queue import rows
from hpo.storage.queue.rows import TrialRow
from hpo.storage.records import load_curves, load_network_bytes, load_test_evaluations
from hpo.storage.schema import PLANNED, SCHEMA_VERSION, schema_version, trials
from hpo.storage.studies import StudyRow
from tests.support.old_databases import EVERYWHERE, everything, expected, restore

ENDED = {"COMPLETE": "complete", "PRUNED": "stopped", "FAIL": "failed"}


everywhere = pytest.mark.parametrize(("database_url", "name"), EVERYWHERE, indirect=["database_url"])


@pytest.fixture(params=["opened", "read only"])
def database(name: str, database_url: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    restore(name, database_url)
    with Database(database_url, read_only=request.param == "read only") as opened:
        yield opened


def row_of(database: Database, study: str) -> StudyRow:
    row = database.read(lambda connection: studies.named(connection, study))
    assert row is not None
    return row


def trials_of(database: Database, row: StudyRow) -> list[TrialRow]:
    return database.read(lambda connection: rows.changed_since(connection, row.id, 0))[1]


def planned(database: Database, row: StudyRow) -> list[sa.Row[Any]]:
    query = sa.select(trials).where(trials.c.study_id == row.id, trials.c.state == PLANNED).order_by(trials.c.id)
    return list(database.read(lambda connection: connection.execute(query).all()))


def firsts(told: list[Mapping[str, Any]], *place: str) -> list[Mapping[str, Any]]:
    """Return what the old reader said of trials, of those that are there twice only the first."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for each in told:
        found.setdefault(tuple(each["attributes"].get(part) for part in place), each)
    return list(found.values())


def parts(told: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    search = ("round", "index") if told["certificate of"] is None else ("size", "index", "run")
    return {"search": firsts(told["search"], *search), "final": firsts(told["final"], "stage", "source", "run")}


def is_judged(told: Mapping[str, Any], part: str) -> bool:
    return part == "search" and told["certificate of"] is None and "comparison" not in told["definition"]


def state_of(each: Mapping[str, Any], rungs: Mapping[int, float], *, read_only: bool) -> str:
    """Return the state in our words; a score that was noted on the way is no rung.

    Whoever only reads can't know that the worker of a running trial is gone; who opens it does.
    """
    if read_only and each["state"] == "RUNNING":
        return "claimed"
    return ENDED.get(each["state"]) or ("ready" if max(rungs, default=0) < each["allowed"] else "paused")


@everywhere
def test_studies_and_trials_say_what_their_own_version_said(
    name: str, database: Database, request: pytest.FixtureRequest
) -> None:
    read_only = "read only" in request.node.name
    for study, told in expected(name).items():
        row = row_of(database, study)
        record = json.loads(row.record)
        assert (row.state, row.certificate_of) == (told["state"], told["certificate of"])
        assert json.loads(row.definition) == told["definition"]
        assert {key: record[key] for key in ("data", "source", "versions")} == {
            key: told[key] for key in ("data", "source", "versions")
        }
        assert not {"definition", "state", "key", "round 1", "certificate of"} & record.keys()
        assert ("plan" in record) == (told["certificate of"] is not None)
        rows = {(each.part, each.number): each for each in trials_of(database, row)}
        assert len(rows) == sum(map(len, parts(told).values()))
        for part, of_part in parts(told).items():
            for each in of_part:
                found = rows[part, each["number"]]
                judged = is_judged(told, part)
                rungs = {int(rung): score for rung, score in each["rungs"].items() if judged or rung == "100"}
                attributes = {key: value for key, value in each["attributes"].items() if key != "worker_deaths"}
                assert (found.id, found.state, found.config) == (
                    each["id"],
                    state_of(each, rungs, read_only=read_only),
                    each["config"],
                )
                assert {"allowed": found.allowed, **found.attributes, **found.outcome} == {
                    "allowed": 100,
                    **attributes,
                }
                assert (found.rungs, found.reached) == (rungs, max(rungs, default=0))
                assert found.score == each["score"]
                assert (found.claimed_at, found.ended_at) == (each["claimed_at"], each["ended_at"])
                assert (found.lease, found.optuna_id) == (0, each["id"])


@everywhere
def test_the_ledger_has_each_trial_and_purpose_once(name: str, database: Database) -> None:
    for study, told in expected(name).items():
        found = [
            (each.trial_id, each.purpose, each.dataset, str(each.evaluated_at))
            for each in load_test_evaluations(database.engine, study)
        ]
        assert sorted(purpose for _, purpose, *_ in found) == sorted(each["purpose"] for each in told["ledger"])
        known = {each["id"] for part in ("search", "final") for each in told[part]}
        for each in told["ledger"]:
            there = (each["trial"], each["purpose"], each["dataset"], each["at"]) in found
            assert there == (each["trial"] in known), "an entry whose trial is gone has a number that is nobody's"
        assert all(trial_id in known or trial_id < 0 for trial_id, *_ in found)


@pytest.mark.parametrize("name", ["in_a_rung", "meddled_with", "blamed", "comparison"])
def test_rounds_keep_their_box_and_their_reasons_and_what_was_not_enqueued_is_planned(
    name: str, database: Database
) -> None:
    for study, told in expected(name).items():
        row = row_of(database, study)
        found = database.read(lambda connection, row=row: studies.rounds_of(connection, row.id))
        assert [(each.number, json.loads(each.box), json.loads(each.why), each.trials) for each in found] == [
            (each["number"], each["box"], each["why"], len(each["configs"])) for each in told["rounds"]
        ]
        undisturbed = {
            (each["attributes"]["round"], each["attributes"]["index"]): each
            for each in expected("finished")[study]["search"]
        }
        runs = told["definition"].get("comparison", {}).get("seeds", 1)
        later = planned(database, row)
        present = firsts(told["search"], "round", "index")
        assert len(later) + len(present) == runs * sum(each.trials for each in found)
        highest = max(each["id"] for part in ("search", "final") for each in told[part])
        for each in later:
            attributes = json.loads(each.attributes)
            if name == "blamed":
                assert json.loads(each.config) == told["rounds"][1]["configs"][attributes["index"]]
            else:
                calm = undisturbed[attributes["round"], attributes["index"]]
                assert json.loads(each.config) == calm["config"]
                assert attributes == {key: calm["attributes"][key] for key in attributes}
            assert {"seed", "n_train", "epochs"} <= attributes.keys()
            assert each.allowed == (100 if study == "versus" else 25)
            assert each.number is None
            assert each.id > highest


@pytest.mark.parametrize("name", ["blamed"])
def test_only_trials_that_failed_for_their_dead_workers_are_blamed(database: Database) -> None:
    found = [(each.state, each.deaths) for each in trials_of(database, row_of(database, "small")) if each.deaths]
    assert found == [("failed", 3)]


@pytest.mark.parametrize("name", ["finished"])
def test_curves_and_networks_are_found_by_the_trials_that_had_them(database: Database) -> None:
    rows = trials_of(database, row_of(database, "small"))
    assert load_curves(database.engine, [each.id for each in rows]).keys() == {each.id for each in rows}
    (kept,) = [each.id for each in rows if each.attributes.get("stage") == "full" and each.attributes["run"] == 0][:1]
    assert load_network_bytes(database.engine, kept) == b"a network"


def opened(name: str, url: str) -> Database:
    restore(name, url)
    return Database(url)


@everywhere
def test_optunas_tables_show_what_is_true(name: str, database_url: str) -> None:
    with opened(name, database_url) as database:
        for row in database.read(studies.everything):
            assert database.read(lambda connection, row=row: repair.differences(connection, row)) == []
            keys = database.read(lambda connection, row=row: optuna_studies.keys(connection, list(row.shown.values())))
            assert set(keys.values()) == {row.key}
            assert row.shown.keys() == ({"search"} if row.certificate_of else {"search", "final"})


@pytest.mark.parametrize("name", ["meddled_with", "without_its_final_part"])
def test_a_second_opening_does_nothing(name: str, database_url: str) -> None:
    opened(name, database_url).close()
    before = everything(database_url)
    Database(database_url).close()
    assert everything(database_url) == before
    assert not {"hpo_leases", "hpo_test_openings"} & before.keys()


@pytest.mark.parametrize("name", ["in_a_rung"])
def test_reading_writes_nothing(name: str, database_url: str) -> None:
    restore(name, database_url)
    before = everything(database_url)
    Database(database_url, read_only=True).close()
    assert everything(database_url) == before


@pytest.mark.parametrize("name", ["finished", "meddled_with"])
def test_it_happens_as_a_whole_or_not_at_all(name: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    restore(name, database_url)
    before = everything(database_url)
    with monkeypatch.context() as broken:

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        broken.setattr(migration, "_copy_the_ledger", die)
        with pytest.raises(KeyboardInterrupt):
            Database(database_url)
    assert everything(database_url) == before
    with Database(database_url) as database:
        assert row_of(database, "small").state == expected(name)["small"]["state"]


@pytest.mark.parametrize("name", ["in_a_rung"])
def test_while_an_earlier_version_uses_a_database_it_is_read_and_not_changed(name: str, database_url: str) -> None:
    restore(name, database_url)
    lease = {"name": "coordinator/small", "holder": "there:7:abc", "host": "there", "pid": 7}
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(version_1.leases.delete())
        moment = datetime.datetime.now(datetime.UTC).timestamp()
        connection.execute(version_1.leases.insert().values(**lease, renewed_at=moment - 5))
    before = everything(database_url)
    with pytest.raises(UserError, match=r"earlier version .* there:7:abc was heard of \d+ s ago; stop it"):
        Database(database_url)
    assert everything(database_url) == before
    with Database(database_url, read_only=True) as database:
        assert trials_of(database, row_of(database, "small"))
    with engine.begin() as connection:
        connection.execute(version_1.leases.update().values(renewed_at=moment - 31))
    engine.dispose()
    Database(database_url).close()


@pytest.mark.parametrize("name", ["finished"])
def test_two_that_open_it_at_once_both_find_it_up_to_date(name: str, database_url: str) -> None:
    restore(name, database_url)
    found: list[int] = []

    def open_it() -> None:
        with Database(database_url) as database:
            found.append(len(trials_of(database, row_of(database, "small"))))

    both = [threading.Thread(target=open_it) for _ in range(3)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    assert found == [24, 24, 24]


@pytest.mark.parametrize("name", ["finished"])
def test_a_copy_that_is_read_serves_several_threads(name: str, database_url: str) -> None:
    restore(name, database_url)
    found: list[int] = []
    with Database(database_url, read_only=True) as database:
        row = row_of(database, "small")

        def look() -> None:
            found.extend(len(trials_of(database, row)) for _ in range(20))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert found == [24] * 80


@pytest.mark.parametrize("name", ["without_its_final_part"])
def test_an_entry_about_a_trial_whose_id_another_one_has_now_is_kept_under_nobodys(
    name: str, database_url: str
) -> None:
    restore(name, database_url)
    engine = sa.create_engine(database_url)
    entry = {"study": "gone (deleted)", "purpose": "full run 0 of trial 3", "dataset": "made up"}
    with engine.begin() as connection:
        trial_id = connection.execute(sa.select(sa.func.min(version_1.TRIALS.c.trial_id))).scalar_one()
        connection.execute(version_1.test_openings.insert().values(trial_id=trial_id, **entry))
        for _ in range(2):
            connection.execute(
                version_1.test_openings.insert().values(trial_id=trial_id, **{**entry, "study": "small"})
            )
    engine.dispose()
    with Database(database_url) as database:
        (gone,) = load_test_evaluations(database.engine, "gone (deleted)")
        assert gone.trial_id < 0
        kept = [each for each in load_test_evaluations(database.engine, "small") if each.trial_id == trial_id]
        assert len(kept) == 1


@pytest.mark.parametrize("name", ["finished"])
def test_a_study_that_makes_no_sense_hides_no_other(name: str, database_url: str) -> None:
    restore(name, database_url)
    engine = sa.create_engine(database_url)
    attributes = version_1.STUDY_ATTRIBUTES
    with engine.begin() as connection:
        of = sa.select(version_1.STUDIES.c.study_id).where(version_1.STUDIES.c.study_name == "small").scalar_subquery()
        damaged = attributes.update().where(attributes.c.study_id == of, attributes.c.key == "round 1")
        connection.execute(damaged.values(value_json='{"box": 1}'))
    engine.dispose()
    with Database(database_url) as database:
        assert json.loads(row_of(database, "small").record).startswith("damaged: KeyError")
        assert len(trials_of(database, row_of(database, "versus"))) == 4


def test_the_names_of_that_time_do_not_change_with_todays() -> None:
    assert SCHEMA_VERSION >= 2
    assert schema_version.name == version_1.schema_version.name
    assert (
        version_1_trials.derived_seed(7, version_1_trials.TRIAL, 1, 0)
        == expected("finished")["small"]["search"][0]["attributes"]["seed"]
    )
