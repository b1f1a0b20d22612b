"""Gemini CLI: stream-json.

It ignores SIGTERM unless it is kept from starting itself anew, and exits 0 after it. Its
counters are those of the run; its `input` is without what was cached. What its shell may run is
allowed as a whole, but for what it holds dangerous, such as `rm -rf` and `git -c`. Git in its
shell knows no config but the repository's, and runs no hook: the guard looks at the work later.
A system's settings must be root's, and so must every folder above them; so ours go into a home.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from jetpack_git.models.run import AgentEvent
from jetpack_git.models.run import Ending
from jetpack_git.models.run import Said
from jetpack_git.swarm.adapters.base import COMMON_ENV
from jetpack_git.swarm.adapters.base import Adapter
from jetpack_git.swarm.adapters.base import Home
from jetpack_git.swarm.adapters.base import Server
from jetpack_git.swarm.adapters.base import mcp_servers
from jetpack_git.swarm.adapters.base import of_message
from jetpack_git.swarm.adapters.base import usage

HOME = "GEMINI_CLI_HOME"
# Also where the repository's own settings name our server, which go before the user's.
ALLOWED = "run_shell_command,mcp_jetpack_*"


def read(said: Mapping[str, Any]) -> Iterator[AgentEvent]:
    """What one line of stream-json tells."""
    match said.get("type"):
        case "init":
            yield AgentEvent(Said.START, session=said.get("session_id"), model=said.get("model"))
        case "message" if said.get("role") == "assistant":
            yield AgentEvent(Said.TEXT, text=str(said["content"]), more=bool(said.get("delta")))
        case "tool_use":
            yield AgentEvent(Said.TOOL, tool=str(said["tool_name"]))
        case "tool_result":
            error = said.get("error") or {}
            asked = "requires user confirmation" in str(error.get("message"))
            if asked or error.get("type") == "policy_violation":
                yield AgentEvent(Said.TOOL, denied=1)
        case "error":
            text = str(said.get("message"))
            yield AgentEvent(Said.ERROR, text=text, ending=of_message(text))
        case "result":
            told = said.get("stats") or {}
            used = usage(told.get("input"), told.get("cached"), told.get("output_tokens"))
            yield AgentEvent(Said.USAGE, usage=used)
            if said.get("status") == "error":
                text = str((said.get("error") or {}).get("message"))
                yield AgentEvent(Said.END, text=text, ending=of_message(text))
            else:
                yield AgentEvent(Said.END, ending=Ending.SUCCESS)


def settings(servers: Iterable[Server]) -> str:
    """What is added to the user's settings: MCP servers, and few retries."""
    found = mcp_servers(servers)
    for one in servers:
        found[one.name] |= {"trust": True, "excludeTools": list(one.deny)}
    return json.dumps({"mcpServers": found, "general": {"maxAttempts": 2}})


ADAPTER = Adapter(
    name="gemini",
    argv=("gemini", "-o", "stream-json", "@model", "@mode", "@resume", "@args"),
    read=read,
    pieces={"model": ("-m", "{model}"), "resume": ("--resume", "{session}")},
    modes={
        "guarded": ("--approval-mode", "auto_edit", "--allowed-tools", ALLOWED),
        "bypass": ("--approval-mode", "yolo"),
    },
    env={
        "GEMINI_CLI_NO_RELAUNCH": "true", "GEMINI_CLI_TRUST_WORKSPACE": "true", HOME: "{home}",
    },
    pass_env=(*COMMON_ENV, "GEMINI_*", "GOOGLE_*"),
    settings=settings,
    home=Home(HOME, ".gemini/settings.json", ("tmp", "history")),
    exits={
        41: Ending.AUTH, 53: Ending.LIMIT, 145: Ending.AUTH, 147: Ending.AUTH,
        173: Ending.TRANSIENT, 244: Ending.TRANSIENT, 246: Ending.TRANSIENT,
        247: Ending.TRANSIENT, 248: Ending.TRANSIENT,
    },
    least="0.30.0",
)  # fmt: skip
