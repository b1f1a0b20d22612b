"""Claude Code: `claude -p`, stream-json.

Its exit code is 0 after SIGINT, and `subtype` is `success` after a 401: `is_error` tells.
Tokens are told once, in the result, and do not hold the cached ones; the cost goes on from
run to run of a session.
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
from jetpack_git.swarm.adapters.base import mcp_servers
from jetpack_git.swarm.adapters.base import of_message
from jetpack_git.swarm.adapters.base import of_status
from jetpack_git.swarm.adapters.base import usage

LIMITS = frozenset({"error_max_turns", "error_max_budget_usd"})


def read(said: Mapping[str, Any]) -> Iterator[AgentEvent]:
    """What one line of stream-json tells."""
    session = said.get("session_id")
    match said.get("type"):
        case "system" if said.get("subtype") == "init":
            yield AgentEvent(Said.START, session=session, model=said.get("model"))
        case "assistant":
            for part in said["message"]["content"]:
                if part.get("type") == "text":
                    yield AgentEvent(Said.TEXT, text=str(part["text"]), session=session)
                elif part.get("type") == "tool_use":
                    yield AgentEvent(Said.TOOL, tool=str(part["name"]), session=session)
        case "result":
            yield from _result(said, session)


def _result(said: Mapping[str, Any], session: str | None) -> Iterator[AgentEvent]:
    told = said.get("usage") or {}
    fresh = (told.get("input_tokens") or 0) + (told.get("cache_creation_input_tokens") or 0)
    used = usage(
        fresh, told.get("cache_read_input_tokens"), told.get("output_tokens"),
        said.get("total_cost_usd"),
    )  # fmt: skip
    yield AgentEvent(Said.USAGE, usage=used, session=session)
    text = str(said.get("result") or "; ".join(map(str, said.get("errors") or ())))
    yield AgentEvent(
        Said.END, text=text or str(said.get("subtype")), session=session,
        ending=_ending(said, text), denied=len(said.get("permission_denials") or ()),
    )  # fmt: skip


def _ending(said: Mapping[str, Any], text: str) -> Ending:
    if not said.get("is_error"):
        return Ending.SUCCESS
    if said.get("subtype") in LIMITS:
        return Ending.LIMIT
    if said.get("api_error_status") is not None:
        return of_status(said["api_error_status"])
    found = of_message(text)
    broken = said.get("terminal_reason") == "api_error" and found == Ending.ERROR
    return Ending.TRANSIENT if broken else found


def settings(servers: Iterable[Server]) -> str:
    """The MCP servers, as `--mcp-config` reads them."""
    return json.dumps({"mcpServers": mcp_servers(servers)})


ADAPTER = Adapter(
    name="claude",
    argv=(
        "claude", "-p", "--output-format", "stream-json", "--verbose", "@model", "@mode", "@deny",
        "@mcp", "@resume", "@budget", "@args",
    ),
    read=read,
    pieces={
        "model": ("--model", "{model}"),
        "mcp": ("--strict-mcp-config", "--mcp-config", "{settings_file}"),
        "deny": ("--disallowedTools", "{denied}"),
        "resume": ("--resume", "{session}"),
        "budget": ("--max-budget-usd", "{budget}"),
    },
    modes={
        "guarded": ("--permission-mode", "acceptEdits", "--allowedTools", "Bash{allowed}"),
        "bypass": ("--permission-mode", "bypassPermissions"),
    },
    env={
        "CLAUDE_CODE_MAX_RETRIES": "1", "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "ENABLE_TOOL_SEARCH": "false",
    },
    pass_env=(
        *COMMON_ENV, "ANTHROPIC_*", "CLAUDE_*", "AWS_*", "GOOGLE_APPLICATION_CREDENTIALS",
        "CLOUD_ML_REGION",
    ),
    settings=settings,
    cumulative=frozenset({"cost"}),
    least="2.1.0",
)  # fmt: skip
