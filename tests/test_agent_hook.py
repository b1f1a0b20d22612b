"""The hooks of agents' CLIs, asked as the CLIs ask them, and answered as they understand it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import apsw
import pytest
from conftest import Repo

SAMPLES = Path(__file__).with_name("samples")
PATCH = "apply_patch <<X\n*** Begin Patch\n*** Update File: {}\n@@\n-a\n+b\n*** End Patch\nX"
# How each CLI names the file that it is about to change.
ASKED = {
    "claude": {"tool_name": "Edit", "tool_input": {"file_path": "{}", "old_string": "a"}},
    "codex": {"tool_name": "Bash", "tool_input": {"command": PATCH}},
    "gemini": {"tool_name": "write_file", "tool_input": {"file_path": "{}", "content": "x"}},
    "opencode": {"tool_name": "edit", "tool_input": {"filePath": "{}", "newString": "x"}},
}


def hook(
    repo: Repo, name: str, kind: str, said: object = None, cwd: Path | None = None, **env: str
) -> str:
    """What the command line that stands in the CLI's settings prints; it never fails."""
    text = said if isinstance(said, bytes) else json.dumps(said or {}).encode()
    done = subprocess.run(
        ["sh", "-c", f"git jetpack hook agent-{name} --for {kind} || exit 0"],
        cwd=cwd or repo.path, input=text, capture_output=True, env=os.environ | env, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done
    assert b"Traceback" not in done.stderr
    return done.stdout.decode()


def asked(kind: str, path: object, cwd: Path) -> dict[str, object]:
    """What the CLI says before it changes the file."""
    told: dict[str, Any] = json.loads(json.dumps(ASKED[kind]))
    inner = told["tool_input"]
    told["tool_input"] = {key: value.replace("{}", str(path)) for key, value in inner.items()}
    return told | {"cwd": str(cwd), "session_id": "1", "hook_event_name": "PreToolUse"}


def reason(kind: str, answer: str) -> str:
    """Why the edit is denied, in the form of that CLI."""
    found = json.loads(answer)
    if kind in ("gemini", "opencode"):
        assert found.keys() == {"decision", "reason"}
        assert found["decision"] == "deny"
        return str(found["reason"])
    inner = found.pop("hookSpecificOutput")
    assert not found
    assert inner.pop("hookEventName") == "PreToolUse"
    assert inner.pop("permissionDecision") == "deny"
    return str(inner.pop("permissionDecisionReason"))


@pytest.mark.parametrize("kind", ASKED)
def test_an_edit_of_what_others_reserved_is_denied(repo: Repo, kind: str) -> None:
    """Absolute or relative, from a subfolder; what is free, one's own, or outside is not."""
    task = repo.add("One")
    repo.ok("reserve", "lib/**", "--as", "maya", "--task", task)
    repo.ok("reserve", "mine.py")
    (repo.path / "lib").mkdir()
    until = repo.ok("reservations")["reservations"][0]["expires_at"]
    for path, cwd in ((repo.path / "lib/a.py", repo.path), ("a.py", repo.path / "lib")):
        said = reason(kind, hook(repo, "edit", kind, asked(kind, path, cwd)))
        assert said == (
            f"lib/a.py is reserved: maya holds lib/** for {task} until {until}. Leave it alone, or "
            "agree with the holder: git jetpack send maya -s SUBJECT -m TEXT"
        )
    for path in ("mine.py", "free.py", "/etc/passwd", "../x", "", "a\0b"):
        assert hook(repo, "edit", kind, asked(kind, path, repo.path)) == ""


def test_the_answer_has_the_form_that_a_real_cli_obeyed(repo: Repo) -> None:
    """The recorded denial has the same keys as ours."""
    lines = (SAMPLES / "claude-mcp-hooks.ndjson").read_text().splitlines()
    said = [json.loads(one).get("stdout") for one in lines if '"PreToolUse:Write"' in one]
    recorded = next(json.loads(one) for one in said if one)
    repo.ok("reserve", "a.py", "--as", "maya")
    ours = json.loads(hook(repo, "edit", "claude", asked("claude", "a.py", repo.path)))
    assert _keys(ours) == _keys(recorded)


def _keys(found: object) -> object:
    return {k: _keys(v) for k, v in found.items()} if isinstance(found, Mapping) else type(found)


def test_a_warning_denies_nothing(repo: Repo) -> None:
    """With guard.mode warn the agent is told, and off it is not."""
    repo.ok("reserve", "a.py", "--as", "maya")
    config = repo.path / ".jetpack/config.yaml"
    config.write_text("guard:\n  mode: warn\n")
    for kind in ASKED:
        said = hook(repo, "edit", kind, asked(kind, "a.py", repo.path))
        assert "maya holds a.py" in said
        assert "deny" not in said
        assert "ecision" not in said
    config.write_text("guard:\n  mode: off\n")
    assert hook(repo, "edit", "claude", asked("claude", "a.py", repo.path)) == ""


@pytest.mark.parametrize(
    "said",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"tool_input": 1}', b'{"tool_input": {"file_path": 1}}',
     b'{"tool_input": {"file_path": "a.py"}, "cwd": 1}', b"[" * 100_000],
)  # fmt: skip
def test_nonsense_is_met_with_silence(repo: Repo, said: bytes) -> None:
    """A hook that does not understand is not in the way."""
    for name in ("start", "edit", "stop", "nonsense"):
        answer = hook(repo, name, "gemini", said)
        assert not answer or name == "start", (name, answer)


def test_what_is_lost_or_locked_is_not_in_the_way(repo: Repo, tmp_path: Path) -> None:
    """No git-jetpack, no git, no repository, no database, or one that is locked: silence."""
    repo.ok("reserve", "a.py", "--as", "maya")
    said = asked("claude", "a.py", repo.path)
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "sh").symlink_to(shutil.which("sh") or "sh")
    assert hook(repo, "edit", "claude", said, PATH=str(tools)) == ""
    (tools / "git").symlink_to(shutil.which("git") or "git")
    assert hook(repo, "edit", "claude", said, PATH=str(tools)) == ""
    script = tools / "git-jetpack"
    for line in ("#!/nowhere/python", "#!/bin/sh\nexit 2"):
        script.write_text(f"{line}\n")
        script.chmod(0o755)
        assert hook(repo, "edit", "claude", said, PATH=str(tools)) == ""
    assert hook(repo, "edit", "claude", {**said, "cwd": "/"}, cwd=Path("/")) == ""
    database = repo.path / ".jetpack/jetpack.db"
    lock = apsw.Connection(str(database))
    lock.execute("BEGIN EXCLUSIVE")
    hook(repo, "edit", "claude", said, JETPACK_BUSY_TIMEOUT_S="0.1")
    lock.close()
    database.write_bytes(b"no database")
    assert hook(repo, "edit", "claude", said) == ""


def test_as_it_begins_an_agent_is_primed(repo: Repo) -> None:
    """In the form that each CLI passes on; an agent of a swarm knows its task already."""
    repo.add("One")
    for kind in ("claude", "codex"):
        assert hook(repo, "start", kind).startswith("You are Ada, one of several agents")
    found = json.loads(hook(repo, "start", "gemini"))["hookSpecificOutput"]
    assert found["hookEventName"] == "SessionStart"
    assert "Ready to be claimed:" in found["additionalContext"]
    assert hook(repo, "start", "claude", JETPACK_TASK="jp-none") == ""


@pytest.mark.parametrize("kind", ["claude", "codex", "gemini"])
def test_before_it_stops_an_agent_says_how_its_task_stands(repo: Repo, kind: str) -> None:
    """Once, and not when it has just done so, when it holds nothing, or works for a swarm."""
    assert hook(repo, "stop", kind) == ""
    task = repo.add("One")
    other = repo.add("Two")
    repo.ok("claim", task)
    repo.ok("claim", other, "--as", "maya")
    found = json.loads(hook(repo, "stop", kind))
    assert found["decision"] == ("deny" if kind == "gemini" else "block")
    assert f"You hold {task} in git jetpack." in found["reason"]
    assert hook(repo, "stop", kind, {"stop_hook_active": True}) == ""
    assert hook(repo, "stop", kind, JETPACK_TASK=task) == ""
    repo.ok("progress", task, "--note", "half")
    assert hook(repo, "stop", kind) == ""
