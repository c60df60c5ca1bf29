"""What a foreign hand wrote steers no terminal, and no password is repeated by a command that did not understand it."""

from __future__ import annotations

import io
import shlex

import pytest
from rich.panel import Panel
from rich.text import Text

from hpo import report, run, serve, work
from hpo.cli.console import console
from hpo.cli.display import Display
from hpo.cli.running import run_command, say
from hpo.definition.printable import on_one_line, printable
from hpo.record.commands import serve_command
from hpo.storage.errors import UserError
from hpo.studies import __main__ as listing

EVIL = "a\x1b]0;title\x07b\x9bc\rd\u202ee\ud800"
SHOWN = r"a\x1b]0;title\x07b\x9bc\rd\u202ee\ud800"


def test_what_steers_a_terminal_is_written_out() -> None:
    assert printable(EVIL) == SHOWN
    assert on_one_line(f"{EVIL}\n\t") == rf"{SHOWN}\n\t"


@pytest.mark.parametrize("text", ["plain", "숫자 탐색 é 👩‍🔬", "two\nlines\tand a tab", ""])
def test_what_people_write_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_every_way_of_saying_something_writes_it_out(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise UserError(EVIL)

    say(EVIL)
    assert run_command(fail) == 2
    out = io.StringIO()
    to = console()
    to.file, to.width = out, 200
    Display(to).say(EVIL)
    to.print(Panel(Text(EVIL), title=Text(EVIL)))
    to.print(EVIL, markup=False)
    said = capsys.readouterr()
    for printed in (said.out, said.err, out.getvalue()):
        assert "\x1b" not in printed
        assert "\x9b" not in printed
        assert "\u202e" not in printed
        assert r"\x9bc" in printed


URLS = ["postgresql://u:hunter2@h/d", "postgresql://u:a b@hunter2@h/d", "postgresql://h/d?password=a\nhunter2"]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("before", [[], ["--storage"], ["--wrkers"], ["--port"], ["--workers"]])
@pytest.mark.parametrize("door", [run, serve, work, report, listing], ids=lambda door: door.__name__)
def test_a_url_in_the_wrong_place_is_repeated_without_its_password(
    capsys: pytest.CaptureFixture[str], door: object, before: list[str], url: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        door.main([*before, url, "--no-such-option"])  # type: ignore[attr-defined]
    assert ended.value.code == 2
    assert "hunter2" not in capsys.readouterr().err


@pytest.mark.parametrize("url", URLS)
def test_a_command_to_type_has_no_password(url: str) -> None:
    command = serve_command(url)
    assert "hunter2" not in command
    assert shlex.split(command)[:3] == ["hpo", "serve", "--storage"]


def test_a_tilde_in_a_path_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("HPO_DATA_DIR", "~/data")
    read = run.make_parser().parse_args(["--out=~/results"])
    assert (str(read.out), str(read.data_dir)) == ("/home/me/results", "/home/me/data")
    assert str(run.make_parser().parse_args(["--data-dir=~/other"]).data_dir) == "/home/me/other"


def test_the_home_of_nobody_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run.make_parser().parse_args(["--out=~no_such_user_here/x"])
    assert "no such user's home folder" in capsys.readouterr().err
