"""One request to a model, in any of four protocols, reduced to what a script needs to know."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field
from typing import Any

TASK = re.compile(r"(?:working on|go on with) task (jp-[a-z0-9.]*[a-z0-9])")


@dataclass
class Tool:
    """A tool that the agent offers; `space` is its namespace, where the protocol has such."""

    name: str
    schema: dict[str, Any]
    kind: str = "function"
    space: str | None = None


@dataclass
class Turn:
    """What was said so far: `events` are `user`, `call` and `result` with a text, in order."""

    protocol: str
    model: str
    stream: bool
    events: list[tuple[str, str]] = field(default_factory=list)
    tools: dict[str, Tool] = field(default_factory=dict)
    folder: str = ""
    schema: dict[str, Any] | None = None

    def offer(self, name: str, schema: object, kind: str = "function") -> None:
        """The agent offers a tool."""
        self.tools[name] = Tool(name, schema if isinstance(schema, dict) else {}, kind)

    def look(self, text: str) -> None:
        """The text may say in which folder the agent works."""
        found = (
            re.search(r"<cwd>([^<]+)</cwd>", text)
            or re.search(r"[Ww]orking directory:?\s*`?(/[^\s`\"\\<]+)", text)
            or re.search(r"current working directory[^/\n]{0,40}(/[^\s`\"\\<]+)", text)
            or re.search(r"Workspace Directories:\**\s*-\s*(/[^\s`\"\\<]+)", text)
        )
        if found and not self.folder:
            self.folder = found[1].rstrip(".,:")

    def hear(self, text: str) -> None:
        """The user says something; what the agent's program slips in is left out."""
        text = re.sub(r"<system-reminder>.*?</system-reminder>", "", text, flags=re.DOTALL).strip()
        if text:
            self.events.append(("user", text))

    @property
    def task(self) -> str:
        """The id of the task that the conversation is about; empty for a side request."""
        said = " ".join(text for kind, text in self.events if kind == "user")
        found = TASK.search(said)
        return found[1] if found else ""

    @property
    def results(self) -> list[str]:
        """What the tools gave back since the task was told."""
        told = [i for i, (kind, text) in enumerate(self.events) if kind == "user" and "@do" in text]
        start = told[-1] if told else 0
        return [text for kind, text in self.events[start:] if kind == "result"]


def flat(content: object) -> str:
    """The text of a message's content, in any of the protocols."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content] if content else []
    found = []
    for part in parts:
        if isinstance(part, dict):
            part = part.get("text", part.get("content", part.get("output", "")))
        found.append(part if isinstance(part, str) else flat(part))
    return "\n".join(found)


def of_anthropic(body: dict[str, Any]) -> Turn:
    """The Messages API."""
    turn = Turn("anthropic", body.get("model", "?"), bool(body.get("stream")))
    turn.look(flat(body.get("system")))
    for tool in body.get("tools") or []:
        turn.offer(tool.get("name", "?"), tool.get("input_schema"))
    form = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    turn.schema = form.get("schema")
    for message in body.get("messages", []):
        blocks = message.get("content")
        if not isinstance(blocks, list):
            blocks = [{"type": "text", "text": blocks or ""}]
        turn.look(flat(blocks))
        results = [one for one in blocks if one.get("type") == "tool_result"]
        if message.get("role") == "assistant":
            turn.events += [
                ("call", one["name"]) for one in blocks if one.get("type") == "tool_use"
            ]
        elif results:
            turn.events += [("result", flat(one.get("content"))) for one in results]
        elif message.get("role") == "user":
            turn.hear(flat([one for one in blocks if one.get("type") == "text"]))
    return turn


def of_responses(body: dict[str, Any]) -> Turn:
    """OpenAI's Responses API."""
    turn = Turn("responses", body.get("model", "?"), bool(body.get("stream")))
    turn.look(body.get("instructions") or "")
    _offer_all(turn, body.get("tools"), None)
    form = (body.get("text") or {}).get("format") or {}
    turn.schema = form.get("schema") if not turn.tools else None
    given = body.get("input")
    for item in given if isinstance(given, list) else [{"role": "user", "content": given}]:
        kind = item.get("type", "message")
        if kind == "message":
            text = flat(item.get("content"))
            turn.look(text)
            if item.get("role") == "user":
                turn.hear(text)
        elif kind == "additional_tools":
            _offer_all(turn, item.get("tools"), None)
        elif kind.endswith("_call_output"):
            turn.events.append(("result", flat(item.get("output"))))
        elif kind.endswith("_call"):
            turn.events.append(("call", item.get("name", kind)))
    return turn


def _offer_all(turn: Turn, tools: list[dict[str, Any]] | None, space: str | None) -> None:
    for tool in tools or []:
        if tool.get("type") == "namespace":
            _offer_all(turn, tool.get("tools"), tool.get("name"))
            continue
        name = tool.get("name") or tool.get("type", "?")
        kind = tool.get("type", "function")
        turn.tools[f"{space}::{name}" if space else name] = Tool(
            name, tool.get("parameters") or {}, kind, space
        )


def of_chat(body: dict[str, Any]) -> Turn:
    """OpenAI's Chat Completions API."""
    turn = Turn("chat", body.get("model", "?"), bool(body.get("stream")))
    for tool in body.get("tools") or []:
        made = tool.get("function") or {}
        turn.offer(made.get("name", "?"), made.get("parameters"))
    for message in body.get("messages", []):
        text = flat(message.get("content"))
        turn.look(text)
        if message.get("role") == "user":
            turn.hear(text)
        elif message.get("role") == "tool":
            turn.events.append(("result", text))
        elif message.get("role") == "assistant":
            calls = message.get("tool_calls") or []
            turn.events += [("call", one["function"]["name"]) for one in calls]
    return turn


def of_gemini(body: dict[str, Any], model: str, stream: bool) -> Turn:
    """Gemini's API."""
    turn = Turn("gemini", model, stream)
    turn.look(flat((body.get("systemInstruction") or {}).get("parts")))
    for group in body.get("tools") or []:
        for made in group.get("functionDeclarations") or []:
            schema = made.get("parametersJsonSchema") or made.get("parameters")
            turn.offer(made.get("name", "?"), schema)
    form = body.get("generationConfig") or {}
    turn.schema = form.get("responseJsonSchema") or form.get("responseSchema")
    calls = 0
    for content in body.get("contents", []):
        parts = content.get("parts") or []
        turn.look(flat(parts))
        for part in parts:
            if "functionResponse" in part:
                told = part["functionResponse"].get("response") or {}
                text = told.get("output", told.get("error", json.dumps(told)))
                if calls:  # a session that is resumed tells the last one twice
                    turn.events.append(("result", str(text)))
                calls = 0
            elif "functionCall" in part:
                turn.events.append(("call", part["functionCall"]["name"]))
                calls += 1
            elif content.get("role", "user") == "user":
                turn.hear(part.get("text") or "")
    return turn


READERS: dict[str, Callable[[dict[str, Any]], Turn]] = {
    "/messages": of_anthropic, "/responses": of_responses, "/chat/completions": of_chat,
}  # fmt: skip


def read(path: str, body: dict[str, Any]) -> Turn | None:
    """The request, as its path says how to read it; None for one that is to no model."""
    for ending, reader in READERS.items():
        if path.endswith(ending):
            return reader(body)
    found = re.search(r"/models/([^:/]+):(generateContent|streamGenerateContent)$", path)
    return of_gemini(body, found[1], found[2].startswith("stream")) if found else None
