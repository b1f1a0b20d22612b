"""opencode: `opencode run --format json`.

It has no end event: the last step's reason is `stop`. Tokens and costs are told by the step,
and do not hold what was cached. Its tools survive every signal to it.
Where the user's own rules would have it ask, it denies itself the tool, and ends with 0.
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
from jetpack_git.swarm.adapters.base import of_status
from jetpack_git.swarm.adapters.base import usage
from jetpack_git.swarm.adapters.base import whole

STOPS = {"stop": Ending.SUCCESS, "length": Ending.LIMIT}


def read(said: Mapping[str, Any]) -> Iterator[AgentEvent]:
    """What one line of its JSON tells."""
    session = said.get("sessionID")
    part = said.get("part") or {}
    match said.get("type"):
        case "step_start":
            yield AgentEvent(Said.START, session=session)
        case "text":
            yield AgentEvent(Said.TEXT, text=str(part["text"]), session=session)
        case "tool_use":
            error = str((part.get("state") or {}).get("error"))
            denied = int("rejected permission" in error or "a rule which prevents" in error)
            yield AgentEvent(Said.TOOL, tool=str(part["tool"]), session=session, denied=denied)
        case "step_finish":
            told = part.get("tokens") or {}
            cache = told.get("cache") or {}
            fresh = whole(told.get("input")) + whole(cache.get("write"))
            output = whole(told.get("output")) + whole(told.get("reasoning"))
            used = usage(fresh, cache.get("read"), output, part.get("cost"))
            yield AgentEvent(Said.USAGE, usage=used, session=session)
            if part.get("reason") in STOPS:
                yield AgentEvent(Said.END, ending=STOPS[part["reason"]], session=session)
        case "error":
            data = (said.get("error") or {}).get("data") or {}
            text = str(data.get("message") or said.get("error"))
            status = data.get("statusCode")
            ending = of_status(status) if status is not None else of_message(text)
            yield AgentEvent(Said.END, text=text, ending=ending, session=session)


def settings(servers: Iterable[Server]) -> str:
    """Its config: MCP servers and their tools, and no question that nobody would answer."""
    found = {
        one.name: {"type": "local", "command": list(one.argv), "environment": dict(one.env)}
        for one in servers
    }
    denied = {f"{one.name}_{tool}": False for one in servers for tool in one.deny}
    return json.dumps(
        {
            "mcp": found,
            "tools": denied,
            "autoupdate": False,
            "share": "disabled",
            "permission": {"external_directory": "deny", "doom_loop": "deny"},
        }
    )


ADAPTER = Adapter(
    name="opencode",
    argv=("opencode", "run", "--format", "json", "@model", "@title", "@resume", "@mode", "@args"),
    read=read,
    pieces={
        "model": ("-m", "{model}"), "title": ("--title", "{task_id}"),
        "resume": ("-s", "{session}"),
    },
    modes={"guarded": (), "bypass": ("--auto",)},
    env={"OPENCODE_CONFIG_CONTENT": "{settings}", "OPENCODE_DISABLE_AUTOUPDATE": "true"},
    pass_env=(*COMMON_ENV, "OPENCODE_*", "ANTHROPIC_*", "OPENAI_*", "GEMINI_*", "OPENROUTER_*"),
    settings=settings,
    least="1.0.0",
)  # fmt: skip
