"""How the dashboard opens: on what the studies found, and with no answer that contradicts the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from optuna.study import StudyDirection

from hpo import serve
from hpo.record.study import StudyRecord, parts_shown
from hpo.storage import studies
from hpo.storage.database import Database
from hpo.storage.studies import SEARCH
from hpo.web.access import Access
from hpo.web.appearance import with_additions
from hpo.web.findings import Finding, Findings, finding_of
from hpo.web.reported import as_reported, whole_studies
from hpo.web.start import Listed, start_page
from tests.support.clients import Client, served
from tests.support.databases import open_finished
from tests.support.results import study

OURS = [{"key": "definition", "value": "{}"}]


def summary(name: str, **attributes: str) -> dict[str, Any]:
    return {"study_name": name, "user_attrs": [{"key": k.replace("_", " "), "value": v} for k, v in attributes.items()]}


def listed(*studies: dict[str, Any]) -> list[str]:
    return [each["study_name"] for each in whole_studies({"study_summaries": studies})["study_summaries"]]


def make_broken(database: Database, name: str) -> None:
    """Make a study of ours whose definition is none."""
    definition, record = {"title": 3}, {"data": {}, "source": {}}
    parts = parts_shown(name, definition, record)
    database.write(
        lambda connection: studies.create(connection, name, definition=definition, record=record, parts=parts)
    )


@pytest.fixture(scope="module")
def read_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Serve a database for reading that holds a study of another program and one whose record is broken."""
    url = f"sqlite:///{tmp_path_factory.mktemp('opened')}/hpo.db"
    with Database(url) as database:
        database.optuna.create_new_study([StudyDirection.MAXIMIZE], "<b>theirs</b>")
        make_broken(database, "broken")
    with Database(url, read_only=True) as reading:
        application = serve.guarded(reading, None, access=Access("127.0.0.1", "mill"), port=1)
        with served(application) as port:
            yield Client(port)


def test_the_parts_of_a_study_are_listed_with_it_and_not_beside_it():
    parts = summary("a-final", final_part_of="a"), summary("a-certificate", certificate_of="a")
    assert listed(*parts, summary("a", definition="{}")) == ["a"]


def test_a_part_whose_study_is_gone_and_a_study_that_is_only_called_like_one_stay_in_the_list():
    assert listed(summary("gone-final", final_part_of="gone")) == ["gone-final"]
    assert listed(summary("a"), summary("a-final")) == ["a", "a-final"]


def test_no_trial_is_called_the_best_for_its_score_in_the_search_and_our_figures_keep_their_order():
    figures = [{"id": name} for name in ("own", "good-values", "where-the-search-looked")]
    answer = as_reported({"user_attrs": OURS, "best_trials": [{"number": 94}], "plotly_graph_objects": figures})
    assert answer["best_trials"] == []
    assert [each["id"] for each in answer["plotly_graph_objects"]] == ["where-the-search-looked", "good-values", "own"]


def test_a_study_of_another_program_is_shown_as_the_dashboard_shows_it():
    theirs = {"user_attrs": [], "best_trials": [{"number": 94}], "plotly_graph_objects": []}
    assert as_reported(theirs) == theirs


def test_a_finding_says_what_the_report_begins_with():
    found = finding_of(study())
    assert found.conclusion.startswith("Use learning_rate = ")
    assert sum(share for share, _ in found.importances.values()) == pytest.approx(1)


def test_a_finding_is_read_again_when_it_is_no_longer_fresh(tmp_path):
    now, name = 0.0, "not there"
    with Database(f"sqlite:///{tmp_path}/hpo.db") as database:
        findings = Findings(database, lambda: now)
        assert "no study named" in findings(name).conclusion
        make_broken(database, name)
        assert "no study named" in findings(name).conclusion
        now = 1000.0
        assert "no study named" not in findings(name).conclusion


def test_the_start_page_escapes_what_a_database_says_and_leads_to_the_verdict_first():
    found = Finding("<script>", "running", "Use <b> & more")
    page = start_page([Listed(7, 'a/"b"', found)])
    assert "<script>" not in page
    assert "Use &lt;b&gt; &amp; more" in page
    assert page.index('href="/dashboard/studies/7/note"') < page.index('href="/dashboard/studies/7"')
    assert 'href="/report/a%2F%22b%22"' in page


def test_the_start_page_of_an_empty_database_says_how_to_begin():
    assert "hpo run --study" in start_page([])


@pytest.mark.parametrize("path", ["/", "/dashboard", "/dashboard/"])
def test_one_study_that_cannot_be_read_hides_no_other(read_only, path):
    status, headers, page = read_only.ask("GET", path)
    assert status == 200
    assert "script" not in headers["content-security-policy"]
    assert "&lt;b&gt;theirs&lt;/b&gt;" in page
    assert "Made by another program" in page
    assert "can&#x27;t be read" in page


def test_the_pages_load_our_style_and_script_from_files_and_are_never_taken_from_an_old_copy(read_only):
    status, headers, page = read_only.ask("GET", "/dashboard/studies/1", If_None_Match="*", Range="bytes=0-9")
    assert status == 200
    assert page == with_additions(page.replace(page[page.index("<link") : page.index("</head>")], ""))
    assert not {"etag", "last-modified"} & set(headers)
    assert "'unsafe-inline'" not in headers["content-security-policy"].partition("script-src")[2]
    for path in ("/static/hpo.css", "/static/hpo.js"):
        assert path in page
        assert read_only.ask("GET", path)[0] == 200


def test_what_needs_to_write_is_hidden_where_nothing_can_be_written(read_only, dashboard):
    for hidden in ("EditIcon", "UploadFileIcon", "delete artifact"):
        assert hidden in read_only.ask("GET", "/static/hpo.css")[2]
        assert hidden not in dashboard.ask("GET", "/static/hpo.css")[2]


def test_a_head_request_is_answered_without_a_body(read_only):
    for path in ("/", "/dashboard/studies/1", "/api/studies", "/static/hpo.js"):
        status, headers, body = read_only.ask("HEAD", path)
        assert (status, body) == (200, "")
        assert int(headers["content-length"]) > 0


def test_a_study_that_is_not_there_is_not_there(read_only):
    for path in ("/api/studies/99", "/api/studies/99/param_importances"):
        assert read_only.ask("GET", path)[0] == 404
    far = "9" * 30
    for path in (f"/api/studies/{far}", f"/api/studies/{far}/param_importances"):
        status, _, body = read_only.ask("GET", path)
        assert status >= 400
        assert "reason" in json.loads(body)


def test_a_study_that_is_shown_under_another_name_is_found_all_the_same(tmp_path):
    with open_finished(tmp_path / "hpo.db") as database:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE studies SET study_name = 'my own' WHERE study_name = 'small'")
        findings = Findings(database)
        number = StudyRecord(database, "small").shown[SEARCH]
        assert findings.name_of(number) == "small"
        application = serve.guarded(database, None, access=Access("127.0.0.1", "mill"), port=1)
        with served(application) as port:
            page = Client(port).ask("GET", "/")[2]
        assert 'href="/report/small"' in page
        assert "Use learning_rate = " in page


def test_importances_of_our_studies_are_those_of_the_report(dashboard):
    studies = json.loads(dashboard.ask("GET", "/api/studies")[2])["study_summaries"]
    number = next(each["study_id"] for each in studies if each["study_name"] == "blob")
    ((first, *_),) = json.loads(dashboard.ask("GET", f"/api/studies/{number}/param_importances")[2])[
        "param_importances"
    ]
    page = dashboard.ask("GET", "/report/blob")[2]
    assert f"{100 * first['importance']:.0f} %" in page.partition("Do the scores depend on it?")[2]
