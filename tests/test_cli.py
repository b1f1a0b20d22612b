"""The command line: exit codes, JSON, help, streams and interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import apsw
import click
import pytest
from conftest import SCRIPT
from conftest import Repo
from guarded import set_up

from jetpack_git.cli import main


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with one commit, set up."""
    return set_up(tmp_path / "repo")


def command(name: str) -> click.Command:
    """The command of that name."""
    found = main.cli.get_command(click.Context(main.cli), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", main.COMMANDS)
def test_help_says_the_same_everywhere(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line in the list of commands is that of the command, and `-h` is `--help`."""
    found = command(name)
    assert found.short_help == main.COMMANDS[name][1]
    assert found.help is not None
    texts = []
    for option in ("-h", "--help"):
        with pytest.raises(SystemExit) as ended:
            main.main([name, option])
        assert ended.value.code == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0].startswith(f"Usage: git jetpack {name} ")


@pytest.mark.parametrize("name", sorted(main.COMMANDS.keys() - {"hook", "mcp"}))
def test_every_command_takes_json_and_as(name: str) -> None:
    """`--json` and `--as` are options of each command that answers, and of each within a group."""
    found = command(name)
    for one in found.commands.values() if isinstance(found, click.Group) else [found]:
        options = {text for option in one.params for text in option.opts}
        assert {"--json", "--as"} <= options


def test_no_arguments_show_the_help(repo: Repo) -> None:
    """`git jetpack` alone is a question, answered with the help and status 2."""
    alone, helped = repo.jetpack(), repo.jetpack("--help")
    assert (alone.code, helped.code, helped.err) == (2, 0, "")
    assert alone.out.strip() == helped.out.strip()
    assert repo.jetpack("-h") == helped
    assert "\n  hook " not in helped.out


def test_the_exit_codes(repo: Repo) -> None:
    """0 done, 1 no, 2 bad input, 3 the store, 4 a lost race."""
    task = repo.add("One")
    assert repo.jetpack("claim", task).code == 0
    assert repo.jetpack("claim", "--next").code == 1
    assert repo.jetpack("claim").code == 2
    assert repo.jetpack("claim", "--nonsense").code == 2
    assert repo.jetpack("show", "jp-none").code == 2
    assert repo.jetpack("claim", task, "--as", "maya").code == 4
    (repo.path / ".jetpack/jetpack.db").write_bytes(b"x" * 4096)
    assert repo.jetpack("list").code == 3


@pytest.mark.parametrize(
    ("args", "code", "name"),
    [
        (("nonsense",), 2, "bad_input"),
        (("claim",), 2, "bad_input"),
        (("claim", "--nonsense"), 2, "usage"),
        (("claim", "--next"), 1, "negative"),
        (("show", "jp-none"), 2, "not_found"),
    ],
)
def test_errors_are_json_where_json_was_asked_for(
    repo: Repo, args: tuple[str, ...], code: int, name: str
) -> None:
    """One document on stdout, nothing on stderr; without --json it is the other way round."""
    answer = repo.jetpack(*args, "--json")
    assert (answer.code, answer.err) == (code, "")
    document = answer.json
    assert document.keys() == {"schema", "error"}
    assert document["error"].keys() == {"code", "name", "message", "hint"}
    assert (document["error"]["code"], document["error"]["name"]) == (code, name)
    plain = repo.jetpack(*args)
    assert (plain.code, plain.out) == (code, "")
    error, hint = document["error"]["message"], document["error"]["hint"]
    assert plain.err == f"error: {error}\nhint: {hint}\n"


def test_an_unknown_command_suggests_near_ones(repo: Repo) -> None:
    """A slip of the finger is recognised, and a hidden command never suggested."""
    answer = repo.jetpack("reserv")
    assert answer.err.splitlines()[0] == "error: There is no command 'reserv'."
    assert "reserve" in answer.err.splitlines()[1]
    assert "hook" not in repo.jetpack("hoook").err.splitlines()[1]


def test_options_stand_anywhere_behind_the_verb(repo: Repo) -> None:
    """Before or behind the arguments; `--` ends them."""
    for args in (("--json", "--as", "maya", "x"), ("x", "--as", "maya", "--json")):
        answer = repo.jetpack("reserve", *args)
        assert answer.json["reservations"][0]["agent"] == "maya"
    found = repo.jetpack("reserve", "--json", "--", "--json", "-x*.py", "--as")
    names = [one["pattern"] for one in found.json["reservations"]]
    assert names == ["--json", "-x*.py", "--as"]


def test_a_reader_that_leaves_is_no_fault(repo: Repo) -> None:
    """`| head -1` ends the command quietly, with the status of a broken pipe."""
    repo.jetpack("reserve", *(f"some/longer/folder/name/{one}.py" for one in range(3000)))
    for json in ("", "--json"):
        script = f"git jetpack reservations -n 0 {json} | :; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["/bin/bash", "-c", script], cwd=repo.path, capture_output=True, text=True, check=True
        )
        assert (done.stdout, done.stderr) == ("141\n", "")


@pytest.mark.parametrize("close", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(repo: Repo, close: str) -> None:
    """The command does its work, and no file is mistaken for a stream."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"git jetpack add 'Closed' {close}"],
        cwd=repo.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert repo.ok("list")["total"] == 1


def test_a_full_disk_behind_stdout_is_an_error(repo: Repo) -> None:
    """An answer that could not be written is not a success."""
    done = subprocess.run(
        ["/bin/sh", "-c", "git jetpack reservations >/dev/full"],
        cwd=repo.path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    message = "error: The answer cannot be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (3, message)


TITLE = "Größe ändern: 変更 🚀"


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_any_locale_will_do(repo: Repo, env: dict[str, str]) -> None:
    """Text is UTF-8 on the way in; on the way out it is shown as well as the locale can."""
    repo.ok("add", TITLE, **env)
    assert repo.ok("list", **env)["tasks"][0]["title"] == TITLE
    for verb in ("list", "status", "ready"):
        answer = repo.jetpack(verb, **env)
        assert (answer.code, answer.err) == (0, "")


def test_what_is_no_text_is_refused(repo: Repo) -> None:
    """An argument that is no UTF-8 is bad input, not a fault."""
    answer = repo.jetpack("add", os.fsdecode(b"caf\xe9"))
    assert (answer.code, answer.err) == (
        2,
        "error: caf\\xe9 is no UTF-8 text.\n"
        "hint: Convert it to UTF-8; or, if it names a file, give the folder that holds it.\n",
    )


def test_a_title_cannot_command_the_terminal(repo: Repo) -> None:
    """Control characters are shown, not sent."""
    repo.jetpack("reserve", "a\x1b[2J\nb", "--as", "maya")
    for verb in ("reservations", "status"):
        out = repo.jetpack(verb).out
        assert "\x1b" not in out
        assert "a\\x1b[2J\\nb" in out


def test_ctrl_c_ends_it_with_130(repo: Repo) -> None:
    """Whoever waits for a lock can be interrupted, and says no more than that."""
    other = apsw.Connection(str(repo.path / ".jetpack/jetpack.db"))
    other.execute("BEGIN IMMEDIATE")
    process = subprocess.Popen(
        [SCRIPT, "add", "x"], cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"JETPACK_BUSY_TIMEOUT_S": "3"}, text=True,
    )  # fmt: skip
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    other.close()
    assert (process.returncode, out, err) == (130, "", "error: Interrupted.\n")


def test_a_fault_of_ours_is_short(repo: Repo) -> None:
    """What nobody foresaw becomes a message with status 3; JETPACK_DEBUG shows where."""
    db = apsw.Connection(str(repo.path / ".jetpack/jetpack.db"))
    task = repo.add("One")
    db.execute("UPDATE tasks SET skills = '{' WHERE id = ?", (task,))
    db.close()
    answer = repo.jetpack("show", task)
    assert answer.code == 3
    assert answer.err.startswith("error: This is a fault of git-jetpack: JSONDecodeError: ")
    assert answer.err.endswith("hint: Please report it, with what JETPACK_DEBUG=1 prints.\n")
    done = subprocess.run(
        [SCRIPT, "show", task], cwd=repo.path, capture_output=True, text=True, check=False,
        env=os.environ | {"JETPACK_DEBUG": "1"},
    )  # fmt: skip
    assert "Traceback" in done.stderr


def test_git_finds_the_command(repo: Repo) -> None:
    """`git jetpack` works through git itself, from a subfolder and with -C and -c."""
    (repo.path / "sub").mkdir()
    assert repo.git("-C", "sub", "jetpack", "reserve", "x").startswith("reserved sub/x until ")
    repo.git("-c", "jetpack.agent=maya", "jetpack", "reserve", "y")
    agents = [one["agent"] for one in repo.ok("reservations")["reservations"]]
    assert agents == ["Ada", "maya"]


def test_a_folder_that_is_gone_is_said(repo: Repo) -> None:
    """A command in a deleted folder is bad input."""
    for verb in ("status", "init", "uninstall"):
        (repo.path / "gone").mkdir()
        done = subprocess.run(
            ["/bin/sh", "-c", f"rmdir ../gone; git-jetpack {verb}"], cwd=repo.path / "gone",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (
            2, "", "error: The current folder is gone.\nhint: Change to another one.\n"
        )  # fmt: skip
