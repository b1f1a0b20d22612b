"""The adapters understand what the real CLIs said, and survive what no CLI should say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.errors import BadInput
from jetpack_git.models.run import Ending
from jetpack_git.models.run import Heard
from jetpack_git.models.run import Usage
from jetpack_git.swarm.adapters import ADAPTERS
from jetpack_git.swarm.adapters import adapter
from jetpack_git.swarm.adapters.base import Adapter
from jetpack_git.swarm.adapters.base import Server
from jetpack_git.swarm.adapters.base import environment
from jetpack_git.swarm.adapters.base import events
from jetpack_git.swarm.adapters.base import hear
from jetpack_git.swarm.adapters.base import of_message

SAMPLES = Path(__file__).with_name("samples")
REAL = ["claude", "codex", "gemini", "opencode"]
# sample: how it ended, tokens read anew, cached and written, cost, tools denied
TOLD = {
    "claude-2.1.197-success": (Ending.SUCCESS, 2000, 400, 100, 0.00762, 0),
    "claude-401": (Ending.AUTH, 0, 0, 0, 0.0, 0),
    "claude-500": (Ending.TRANSIENT, 0, 0, 0, 0.0, 0),
    "claude-INT": (Ending.ERROR, 1000, 200, 50, 0.00252, 0),
    "claude-TERM": (None, 0, 0, 0, None, 0),
    "claude-browser": (Ending.SUCCESS, 3000, 600, 150, 0.00756, 0),
    "claude-denied": (Ending.SUCCESS, 2000, 400, 100, 0.00504, 1),
    "claude-mcp-hooks": (Ending.SUCCESS, 5000, 1000, 250, 0.0126, 1),
    "claude-success": (Ending.SUCCESS, 2000, 400, 100, 0.00504, 0),
    "codex-401": (Ending.AUTH, 0, 0, 0, None, 0),
    "codex-500": (Ending.TRANSIENT, 0, 0, 0, None, 0),
    "codex-gitwrite-denied": (Ending.SUCCESS, 1600, 400, 100, None, 0),
    "codex-hooks": (Ending.SUCCESS, 2400, 600, 150, None, 0),
    "codex-mcp": (Ending.SUCCESS, 3200, 800, 200, None, 0),
    "codex-nosandbox": (Ending.SUCCESS, 1600, 400, 100, None, 0),
    "codex-success": (Ending.SUCCESS, 1600, 400, 100, None, 0),
    "gemini-401": (Ending.AUTH, 0, 0, 0, None, 0),
    "gemini-500": (Ending.TRANSIENT, 0, 0, 0, None, 0),
    "gemini-mcp-hooks": (Ending.SUCCESS, 4000, 1000, 250, None, 1),
    "gemini-success": (Ending.SUCCESS, 1600, 400, 100, None, 0),
    "opencode-401": (Ending.AUTH, 0, 0, 0, None, 0),
    "opencode-500": (Ending.TRANSIENT, 0, 0, 0, None, 0),
    "opencode-mcp-plugin": (Ending.SUCCESS, 4000, 1000, 250, 0.01575, 0),
    "opencode-success": (Ending.SUCCESS, 1600, 400, 100, 0.0063, 0),
}


def of_sample(name: str) -> Adapter:
    """The adapter of the CLI that the sample is of."""
    return ADAPTERS[name.split("-")[0]]


def heard(one: Adapter, lines: list[bytes]) -> Heard:
    """All that the lines tell."""
    found = Heard()
    for line in lines:
        for event in events(one, line):
            found = hear(found, event)
    return found


def lines_of(name: str) -> list[bytes]:
    """The lines of a sample."""
    return (SAMPLES / f"{name}.ndjson").read_bytes().splitlines()


def test_every_sample_is_understood() -> None:
    """No sample lacks its line in the table."""
    assert sorted(TOLD) == sorted(one.stem for one in SAMPLES.glob("*.ndjson"))


@pytest.mark.parametrize("name", TOLD)
def test_what_a_real_cli_said(name: str) -> None:
    """How it ended, what it used, and under which session it can go on."""
    found = heard(of_sample(name), lines_of(name))
    ended, fresh, cached, output, cost, denied = TOLD[name]
    assert (found.ended, found.denied) == (ended, denied)
    used = found.usage
    assert (used.fresh, used.cached, used.output) == (fresh, cached, output)
    assert used.cost == (None if cost is None else pytest.approx(cost))
    assert found.session


@pytest.mark.parametrize("name", [one for one in TOLD if "success" in one])
def test_what_an_agent_said_is_known(name: str) -> None:
    """Its last line is the summary of its task."""
    said = heard(of_sample(name), lines_of(name)).said.splitlines()
    assert said[-1] in ("All done: hello.txt was written and committed.", "done")


@pytest.mark.parametrize("name", REAL)
@given(cut=st.integers(0, 200), junk=st.binary(max_size=60))
def test_lines_that_nobody_knows_change_nothing(name: str, cut: int, junk: bytes) -> None:
    """Half a line, other bytes, and other shapes are no failure."""
    one = ADAPTERS[name]
    lines = lines_of(f"{name}-success")
    odd = [
        lines[0][:cut] if cut < len(lines[0]) else b"", junk.replace(b"\n", b""), b"null", b"[]",
        b'{"type": "from-a-newer-version", "x": {}}', b'{"type": null}', b'{"type": ["result"]}',
        b"{" * 100_000, b'{"type":"assistant","message":null}', b'{"type":"item.started"}',
        b'{"type":"step_finish","part":{"tokens":[]}}', b"\xff\xfe",
    ]  # fmt: skip
    mixed = [both for line in lines for both in (*odd, line)]
    assert heard(one, mixed) == heard(one, lines)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("[API Error: terminated]", Ending.TRANSIENT),
        ("[API Error: exception TypeError: fetch failed sending request]", Ending.TRANSIENT),
        ("read ECONNRESET", Ending.TRANSIENT),
        ("unexpected status 401 Unauthorized: no, url: http://h/v1", Ending.AUTH),
        ("You have reached your usage limit", Ending.LIMIT),
        ("Error resuming session: No previous sessions found for this project.", Ending.ERROR),
        ("Error: Unexpected error\n\nFailed query: CREATE TABLE `workspace` (", Ending.TRANSIENT),
        ("the process was terminated", Ending.ERROR),
    ],
)
def test_what_an_error_says_is_understood(text: str, ending: Ending) -> None:
    """A line that broke is another thing than a key that is not known."""
    assert of_message(text) == ending


def test_a_tool_that_would_have_to_ask_was_denied() -> None:
    """Gemini CLI tells it as an error of the tool, for there is nobody to ask."""
    message = 'Tool execution for "Shell" requires user confirmation, which is not supported in'
    line = {"type": "tool_result", "status": "error", "tool_id": "t",
            "error": {"type": "unhandled_exception", "message": message}}  # fmt: skip
    assert heard(ADAPTERS["gemini"], [json.dumps(line).encode()]).denied == 1


def test_a_tool_that_the_users_rules_deny_was_denied() -> None:
    """opencode answers its own question, where there is nobody to ask."""
    for error, denied in (
        ("The user rejected permission to use this specific tool call.", 1),
        ("The user has specified a rule which prevents you from using this", 1),
        ("No such file", 0),
    ):
        part = {"type": "tool", "tool": "bash", "state": {"status": "error", "error": error}}
        line = {"type": "tool_use", "sessionID": "s", "part": part}
        assert heard(ADAPTERS["opencode"], [json.dumps(line).encode()]).denied == denied


@given(text=st.text(max_size=50), number=st.integers())
def test_no_number_is_believed_that_cannot_be(text: str, number: int) -> None:
    """Tokens are whole numbers, none is negative, and text is none."""
    for value in (f'"{text!a}"'.replace("'", ""), str(number), "true", "1e400", "-1", "null"):
        line = '{"type":"turn.completed","usage":{"input_tokens":%s,"output_tokens":%s}}'
        used = heard(ADAPTERS["codex"], [(line % (value, value)).encode()]).usage
        assert isinstance(used.tokens, int)
        assert 0 <= used.tokens < 1 << 55


def test_counters_that_go_on_are_subtracted() -> None:
    """Claude's cost and Codex's tokens are those of the session; a new one begins at nought."""
    before, now = Usage(1000, 200, 50, 0.002), Usage(2000, 400, 100, 0.005)
    assert now.since(before, tokens=True, cost=False) == Usage(1000, 200, 50, 0.005)
    cost = now.since(before, tokens=False, cost=True)
    assert (cost.fresh, cost.cost) == (2000, pytest.approx(0.003))
    assert before.since(now, tokens=True, cost=True) == before
    assert now.since(Usage(), tokens=True, cost=True) == now


@pytest.mark.parametrize("name", REAL)
def test_the_prompt_never_stands_in_the_arguments(name: str) -> None:
    """It goes in by stdin; a piece without its value is left out, and no place is left over."""
    one = ADAPTERS[name]
    bare = one.arguments({"settings": "{}", "settings_file": "/f"})
    assert one.prompt == "stdin"
    assert not [part for part in bare if part.startswith("@")]
    resumed = one.arguments(
        {"settings": "{}", "settings_file": "/f", "session": "S-1", "model": "M-1"}
    )
    assert {"S-1", "M-1"} <= set(resumed)
    assert not {"S-1", "M-1"} & set(bare)


@pytest.mark.parametrize("name", REAL)
def test_nothing_is_bypassed_unless_it_is_said(name: str) -> None:
    """The dangerous flag stands only where the config asks for it in as many words."""
    loud = ("bypass", "dangerously", "yolo", "--auto")
    guarded = ADAPTERS[name].arguments({})
    bypassed = adapter(name, {name: {"bypass_permissions": True}}).arguments({})
    assert not [one for one in guarded if any(word == one or word in one for word in loud[:3])]
    assert "--auto" not in guarded
    assert [one for one in bypassed if any(word in one for word in loud)]


def test_only_what_is_allowed_of_our_environment_goes_in() -> None:
    """One vendor's key is not the other's business, nor is anything else of ours."""
    ours = {"PATH": "/bin", "ANTHROPIC_API_KEY": "a", "OPENAI_API_KEY": "o", "SECRET": "s",
            "LC_ALL": "C", "JETPACK_AGENT": "x", "PATHS": "no", "GIT_CONFIG_GLOBAL": "/g",
            "GIT_DIR": "no"}  # fmt: skip
    found = environment(ADAPTERS["claude"], ours, {"EXTRA": "1"})
    assert found == {
        "PATH": "/bin", "ANTHROPIC_API_KEY": "a", "LC_ALL": "C", "JETPACK_AGENT": "x",
        "GIT_CONFIG_GLOBAL": "/g", "EXTRA": "1",
    }  # fmt: skip
    assert environment(ADAPTERS["command"], ours, {}) == ours


def test_the_config_changes_single_fields() -> None:
    """What it does not name stays; one of an own name starts from another."""
    own = {"claude": {"model": "opus", "args": ["--x"], "env": {"A": "1"}}}
    found = adapter("claude", own)
    assert (found.model, found.args, found.env["A"]) == ("opus", ("--x",), "1")
    assert found.env["DISABLE_AUTOUPDATER"] == "1"
    assert found.argv == ADAPTERS["claude"].argv
    mine = adapter("mine", {"mine": {"like": "codex", "pass_env": ["MY_*"]}})
    assert mine.name == "mine"
    assert mine.read is ADAPTERS["codex"].read
    assert mine.pass_env[-1] == "MY_*"
    browser = adapter("browser", {"browser": {"like": "codex"}})
    assert browser.argv == ADAPTERS["codex"].argv
    assert browser.servers == ADAPTERS["browser"].servers
    with pytest.raises(BadInput, match="There is no adapter 'cursor'"):
        adapter("cursor", {})


@pytest.mark.parametrize("name", REAL)
def test_mcp_servers_are_written_as_each_cli_wants_them(name: str) -> None:
    """The text of any value stays a value."""
    write = ADAPTERS[name].settings
    assert write is not None
    odd = 'a "b" \\ {x} \n é'
    text = write([Server("jetpack", ("/bin/x", "mcp", odd), {"A": odd}, deny=("bad",))])
    if name == "codex":
        import tomllib

        found = tomllib.loads(text)["mcp_servers"]["jetpack"]
        assert found["disabled_tools"] == ["bad"]
        assert found["env"] == {"A": odd}
    else:
        found = json.loads(text)
        found = (found.get("mcpServers") or found.get("mcp"))["jetpack"]
        assert found.get("env", found.get("environment")) == {"A": odd}
    assert odd in (found.get("args") or found["command"])


def test_what_cannot_be_stored_is_left_out_of_an_event() -> None:
    """Half of an emoji that a CLI cut in two, and a model that is no text."""
    line = rb'{"type": "system", "subtype": "init", "session_id": "s\ud83d", "model": {"a": 1}}'
    (event,) = events(ADAPTERS["claude"], line)
    assert (event.session, event.model) == ("s?", None)
