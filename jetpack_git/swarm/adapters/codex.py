"""Codex: `codex exec --json`.

Its sandbox keeps `.git` read-only, so its work is committed for it. It tells no cost. Its
counters go on from run to run of a session, and its input holds what was cached. It tries each
request six times itself: how often is a key of `model_providers`, which only the user can set.
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
from jetpack_git.swarm.adapters.base import Server
from jetpack_git.swarm.adapters.base import of_message
from jetpack_git.swarm.adapters.base import usage
from jetpack_git.swarm.adapters.base import whole

TOOLS = frozenset({"command_execution", "mcp_tool_call", "file_change", "web_search"})


def read(said: Mapping[str, Any]) -> Iterator[AgentEvent]:
    """What one line of its JSONL tells. An item of type `error` is a notice, and no failure."""
    match said.get("type"):
        case "thread.started":
            yield AgentEvent(Said.START, session=said["thread_id"])
        case "item.started" if said["item"].get("type") in TOOLS:
            yield AgentEvent(Said.TOOL, tool=str(said["item"].get("tool") or said["item"]["type"]))
        case "item.completed" if said["item"].get("type") == "agent_message":
            yield AgentEvent(Said.TEXT, text=str(said["item"]["text"]))
        case "error":
            text = str(said.get("message"))
            yield AgentEvent(Said.ERROR, text=text, ending=of_message(text))
        case "turn.completed":
            told = said.get("usage") or {}
            cached = whole(told.get("cached_input_tokens"))
            fresh = max(0, whole(told.get("input_tokens")) - cached)
            yield AgentEvent(Said.USAGE, usage=usage(fresh, cached, told.get("output_tokens")))
            yield AgentEvent(Said.END, ending=Ending.SUCCESS)
        case "turn.failed":
            text = str((said.get("error") or {}).get("message"))
            yield AgentEvent(Said.END, text=text, ending=of_message(text))


def settings(servers: Iterable[Server]) -> str:
    """The MCP servers, as a value of its config in TOML. JSON's strings and lists are TOML's."""
    found = []
    for one in servers:
        fields = {
            "command": one.argv[0], "args": list(one.argv[1:]),
            "default_tools_approval_mode": "approve", "disabled_tools": list(one.deny),
        }  # fmt: skip
        parts = [f"{key}={json.dumps(value)}" for key, value in fields.items()]
        env = ", ".join(f"{key}={json.dumps(value)}" for key, value in one.env.items())
        found.append(f"{one.name}={{{', '.join([*parts, f'env={{{env}}}'])}}}")
    return f"mcp_servers={{{', '.join(found)}}}"


ADAPTER = Adapter(
    name="codex",
    argv=(
        "codex", "exec", "@resume", "--json", "@model", "@mode", "@mcp", "@args", "-",
    ),
    read=read,
    pieces={
        "model": ("-m", "{model}"),
        "mcp": ("-c", "{settings}"),
        "resume": ("resume", "{session}"),
    },
    modes={
        "guarded": ("-c", 'sandbox_mode="workspace-write"', "-c", 'approval_policy="never"'),
        "bypass": ("--dangerously-bypass-approvals-and-sandbox",),
    },
    pass_env=(*COMMON_ENV, "CODEX_*", "OPENAI_*"),
    settings=settings,
    cumulative=frozenset({"tokens"}),
    least="0.100.0",
)  # fmt: skip
