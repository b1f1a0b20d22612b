"""What `init --agent` writes for agents' CLIs, and how it goes again without a trace."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import Repo
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("mcp_types", reason="the MCP server is written only where it can run")

from jetpack_git.outfit import block
from jetpack_git.outfit import files
from jetpack_git.outfit import members
from jetpack_git.outfit.kinds import HTML
from jetpack_git.outfit.kinds import KINDS

FILES = {
    "claude": ["CLAUDE.md", ".claude/settings.json", ".mcp.json"],
    "codex": ["AGENTS.md", ".codex/hooks.json", ".codex/config.toml"],
    "gemini": ["GEMINI.md", ".gemini/settings.json"],
    "opencode": ["AGENTS.md", ".opencode/plugin/jetpack.js", "opencode.json"],
}
FOREIGN = {
    "CLAUDE.md": ["", "# Ours\n", "no end of line", "a\r\nb\r\n", "a\n\n\n", "é\n"],
    ".claude/settings.json": [
        "{}", "{ }", "{\n}\n", '{"a":1}', '{"hooks":{}}', '{"hooks": {"PreToolUse": []}}\n',
        '{\n\t"permissions": {"allow": ["Bash", "Read"]},\n\t"hooks": {\n\t\t"PreToolUse": [\n'
        '\t\t\t{"matcher": "X", "hooks": [{"type": "command", "command": "mine"}]}\n'
        "\t\t]\n\t}\n}\n",
        '{\r\n    "b": [1,2],\r\n\r\n    "a": "\\u00e9 {[\\"x"\r\n}\r\n',
    ],
    ".mcp.json": ['{"mcpServers": {"other": {"command": "x", "args": ["mcp"]}}}', "{}\n"],
    ".codex/config.toml": ["", 'model = "x"\n[mcp_servers.other]\ncommand = "y"', "# mine\n"],
    ".gemini/settings.json": ['{"security": {"auth": {"selectedType": "x"}}}\n', "{\n\n}"],
    "opencode.json": ['{"$schema": "https://opencode.ai/config.json", "mcp": {}}'],
}  # fmt: skip


def init(repo: Repo, *names: str) -> list[dict[str, Any]]:
    """What became of the files of these CLIs."""
    options = [text for name in names for text in ("--agent", name)]
    found: list[dict[str, Any]] = repo.ok("init", *options)["agents"]
    return found


def there(root: Path) -> dict[str, bytes]:
    """Every file of the worktree but git's and our own."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.relative_to(root).parts[0] not in (".git", ".jetpack")
    }


@pytest.mark.parametrize("name", FILES)
def test_init_writes_what_the_cli_reads_and_uninstall_takes_it_away(repo: Repo, name: str) -> None:
    """Twice changes nothing; after it the folders are gone as well."""
    before = there(repo.path)
    made = init(repo, name)
    assert {one["path"] for one in made} == set(FILES[name])
    assert {one["action"] for one in made} <= {"created", "updated"}
    after = there(repo.path)
    assert after.keys() - before.keys() == set(FILES[name])
    assert all(str(repo.path).encode() not in after[path] for path in FILES[name])
    assert {one["action"] for one in init(repo, name)} == {"unchanged"}
    assert there(repo.path) == after
    assert repo.jetpack("doctor").out == "Everything is in order.\n"
    gone = repo.ok("uninstall")["agents"]
    assert {one["path"] for one in gone} == set(FILES[name])
    assert there(repo.path) == before
    assert not [one for one in repo.path.iterdir() if one.name in (".claude", ".opencode")]


def test_what_is_written_is_what_each_cli_understands(repo: Repo) -> None:
    """The instructions are short, the hooks cannot be in the way, and the servers start."""
    init(repo, *FILES)
    for name in ("CLAUDE.md", "AGENTS.md", "GEMINI.md"):
        text = (repo.path / name).read_text()
        assert len(text.split()) < 300
        assert "git jetpack reserve PATTERN" in text
    events = {"claude": "PreToolUse", "codex": "PreToolUse", "gemini": "BeforeTool"}
    for name, event in events.items():
        hooks = json.loads((repo.path / FILES[name][1]).read_text())["hooks"]
        commands = [one["hooks"][0]["command"] for group in hooks.values() for one in group]
        assert [one.split()[3] for one in commands] == ["agent-start", "agent-edit", "agent-stop"]
        assert all(one.endswith(f" --for {name} || exit 0") for one in commands)
        assert hooks[event][0]["matcher"]
    server = {"command": "git-jetpack", "args": ["mcp"]}
    for path in (".mcp.json", ".gemini/settings.json"):
        assert json.loads((repo.path / path).read_text())["mcpServers"] == {"jetpack": server}
    codex = tomllib.loads((repo.path / ".codex/config.toml").read_text())
    assert codex["mcp_servers"] == {"jetpack": server}


@pytest.mark.parametrize(
    ("path", "text"), [(path, text) for path, texts in FOREIGN.items() for text in texts]
)
def test_what_others_wrote_stays_byte_for_byte(repo: Repo, path: str, text: str) -> None:
    """Ours goes in beside it, and out again."""
    name = next(name for name, paths in FILES.items() if path in paths)
    target = repo.path / path
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(text.encode())
    target.chmod(0o640)
    done = files.install(repo.path, name, with_server=True)
    assert "left" not in [one.action for one in done]
    new = target.read_bytes().decode()
    assert new != text
    if path.endswith(".json"):
        old, now = json.loads(text), json.loads(new)
        assert list(old) == list(now)[: len(old)]
        assert all(now[key] == old[key] for key in old if key not in ("hooks", "mcpServers", "mcp"))
    else:
        assert new.startswith(text)
    assert target.stat().st_mode & 0o777 == 0o640
    files.install(repo.path, name, with_server=True)
    assert target.read_bytes().decode() == new
    files.uninstall(repo.path)
    assert target.read_bytes() == text.encode()


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        (".claude/settings.json", '{"a": 1, // no\n}', "no plain JSON"),
        (".claude/settings.json", "", "no plain JSON"),
        (".claude/settings.json", "[]", "no JSON object"),
        (".claude/settings.json", '{"a": 1, "a": 2}', "a key stands in it twice"),
        (".claude/settings.json", '{"hooks": []}', "hooks.SessionStart is something else"),
        (".claude/settings.json", '{"hooks": {"Stop": {}}}', "hooks.Stop is something else"),
        (".claude/settings.json", "[" * 100_000, "no plain JSON"),
        (".mcp.json", '{"mcpServers": {"jetpack": {"command": "x"}}}', "is somebody else's"),
        (".mcp.json", '{"mcpServers": {"jetpack": 1}}', "is somebody else's"),
        ("CLAUDE.md", "<!-- >>> git-jetpack >>> -->\nno end\n", "marks do not come in one pair"),
        ("CLAUDE.md", "\xff", "no UTF-8"),
    ],
)
def test_what_cannot_be_edited_is_left_with_the_lines_to_add(
    repo: Repo, path: str, text: str, why: str
) -> None:
    """Nothing is overwritten; the exit code says that there is something to do."""
    target = repo.path / path
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(text.encode("latin-1"))
    answer = repo.jetpack("init", "--agent", "claude")
    assert answer.code == 1
    assert f"{path} was left alone: " in answer.err
    assert why in answer.err
    assert ("git jetpack" if path != ".mcp.json" else "git-jetpack") in answer.out
    repo.ok("uninstall")
    assert target.read_bytes() == text.encode("latin-1")


def test_toml_is_never_broken(repo: Repo) -> None:
    """A server of our name that somebody wrote by hand stays the only one."""
    for text in ('[mcp_servers.jetpack]\ncommand = "x"\n', "a = = b\n", "mcp_servers = {}\n"):
        repo.write(".codex/config.toml", text)
        done = files.install(repo.path, "codex", with_server=True)
        assert [one.action for one in done if one.path == ".codex/config.toml"] == ["left"]
        assert (repo.path / ".codex/config.toml").read_text() == text


def test_a_plugin_of_somebody_else_stays(repo: Repo) -> None:
    """The file of that name is ours only where it says so."""
    repo.write(".opencode/plugin/jetpack.js", "// mine\n")
    done = files.install(repo.path, "opencode", with_server=False)
    assert [one.action for one in done] == ["created", "left"]
    files.uninstall(repo.path)
    assert (repo.path / ".opencode/plugin/jetpack.js").read_text() == "// mine\n"


def test_links_are_followed_within_the_worktree_alone(repo: Repo, tmp_path: Path) -> None:
    """CLAUDE.md that is a link to AGENTS.md holds one block; a link out of here is left."""
    repo.write("AGENTS.md", "# Ours\n")
    os.symlink("AGENTS.md", repo.path / "CLAUDE.md")
    outside = tmp_path / "mcp.json"
    outside.write_text("{}")
    os.symlink(outside, repo.path / ".mcp.json")
    done = [
        one
        for name in ("claude", "codex")
        for one in files.install(repo.path, name, with_server=True)
    ]
    assert {one.path: one.action for one in done} == {
        "CLAUDE.md": "updated", ".claude/settings.json": "created", ".mcp.json": "left",
        "AGENTS.md": "unchanged", ".codex/hooks.json": "created", ".codex/config.toml": "created",
    }  # fmt: skip
    assert outside.read_text() == "{}"
    files.uninstall(repo.path)
    assert (repo.path / "CLAUDE.md").is_symlink()
    assert (repo.path / "AGENTS.md").read_text() == "# Ours\n"


def test_doctor_writes_anew_what_is_stale(repo: Repo) -> None:
    """Lines of an older version, or a file that is gone, are repaired; of others nothing is."""
    init(repo, "claude")
    settings = repo.path / ".claude/settings.json"
    whole = settings.read_text()
    settings.write_text(whole.replace("agent-edit --for claude", "agent-edit"))
    (repo.path / "CLAUDE.md").unlink()
    found = repo.jetpack("doctor", "--dry-run", "--json").json["findings"]
    assert [(one["check"], one["outcome"]) for one in found] == [("agents", "would be repaired")]
    repo.ok("doctor")
    assert json.loads(settings.read_text()) == json.loads(whole)
    assert (repo.path / "CLAUDE.md").exists()
    assert not (repo.path / "AGENTS.md").exists()
    assert repo.ok("doctor")["findings"] == []


def test_a_hook_that_was_put_beside_ours_stays(repo: Repo) -> None:
    """Ours is not written twice, and goes alone."""
    files.install(repo.path, "claude", with_server=False)
    settings = repo.path / ".claude/settings.json"
    whole = json.loads(settings.read_text())
    theirs = {"type": "command", "command": "theirs"}
    whole["hooks"]["Stop"][0]["hooks"].append(theirs)
    mixed = json.dumps(whole, indent=1)
    settings.write_text(mixed)
    files.install(repo.path, "claude", with_server=False)
    assert settings.read_text() == mixed
    files.uninstall(repo.path)
    assert json.loads(settings.read_text()) == {"hooks": {"Stop": [{"hooks": [theirs]}]}}


def test_without_the_extra_there_is_no_server(repo: Repo) -> None:
    """A server that cannot start is given to nobody."""
    done = files.install(repo.path, "claude", with_server=False)
    assert [one.path for one in done] == ["CLAUDE.md", ".claude/settings.json"]
    assert files.stale(repo.path, with_server=False) == []
    assert files.stale(repo.path, with_server=True) == ["claude"]


def test_a_bare_repository_has_no_such_files(tmp_path: Path) -> None:
    """It is said, and nothing is made."""
    tmp_path.joinpath("bare").mkdir()
    bare = Repo(tmp_path / "bare")
    bare.git("init", "--quiet", "--bare")
    answer = bare.jetpack("init", "--agent", "claude")
    assert (answer.code, "--agent needs a worktree." in answer.err) == (2, True)
    assert not (bare.path / "jetpack").exists()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["hooks", "Stop", "mcp", "a", "é"]), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["hooks", "Stop", "mcp", "a"]), VALUES, max_size=4)


@given(
    found=OBJECTS,
    indent=st.sampled_from([None, 0, 1, 4, "\t"]),
    ends=st.sampled_from(["", "\n", "\r\n  "]),
    ascii_only=st.booleans(),
)
def test_what_is_put_in_comes_out_again(
    found: dict[str, Any], indent: int | str | None, ends: str, ascii_only: bool
) -> None:
    """Of any file, in any form: what was there stays, ours is there, and then is not."""
    text = ends + json.dumps(found, indent=indent, ensure_ascii=ascii_only) + ends
    new: str | None = text
    pieces = KINDS["gemini"].pieces[1:] + KINDS["gemini"].served
    wanted = [one for piece in pieces for one in piece.members]  # type: ignore[union-attr]
    try:
        for where, value, item in wanted:
            if not item and members.find(members.scan(new), where) is not None:  # type: ignore[arg-type]
                return
            new = members.put(new, where, value, item=item)  # type: ignore[arg-type]
    except members.Unusable:
        return
    assert new is not None
    held = json.loads(new)
    assert held["hooks"]["BeforeTool"][-1] == wanted[1][1]
    assert {key: held[key] for key in found.keys() - {"hooks"}} == {
        key: found[key] for key in found.keys() - {"hooks"}
    }
    for where, _, item in wanted:
        assert new is not None
        new = members.take(new, where, files.is_ours, item=item)
    assert new == text


@given(text=st.none() | st.text(alphabet="a\n\r<é", max_size=8), more=st.text("b\n", max_size=4))
def test_a_block_comes_out_again(text: str | None, more: str) -> None:
    """What stands before it and behind it stays."""
    new = block.put(text, "ours\nmore", HTML)
    assert block.put(new, "ours\nmore", HTML) == new
    assert block.take(new, HTML) == text
    if more:
        assert block.take(new + more, HTML) == (text or "") + more
