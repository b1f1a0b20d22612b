"""A model's answer, as each of the four protocols writes it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from real.conversation import Turn
from real.script import Act

from jetpack_git.models.run import Usage

Event = tuple[str | None, dict[str, Any]]
KINDS = {
    401: ("authentication_error", "UNAUTHENTICATED"),
    429: ("rate_limit_error", "RESOURCE_EXHAUSTED"),
    529: ("overloaded_error", "INTERNAL"),
}


def _id(prefix: str) -> str:
    return prefix + uuid.uuid4().hex[:24]


def anthropic(turn: Turn, act: Act, used: Usage) -> list[Event]:
    """The Messages API: what is cached comes on top of the input."""
    usage = {
        "input_tokens": used.fresh, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": used.cached, "output_tokens": used.output,
    }  # fmt: skip
    if act.tool:
        begun = {"type": "tool_use", "id": _id("toolu_"), "name": act.tool, "input": {}}
        more = {"type": "input_json_delta", "partial_json": json.dumps(act.arguments)}
    else:
        begun = {"type": "text", "text": ""}
        more = {"type": "text_delta", "text": act.text}
    message = {
        "id": _id("msg_"), "type": "message", "role": "assistant", "model": turn.model,
        "content": [], "stop_reason": None, "stop_sequence": None,
        "usage": usage | {"output_tokens": 1},
    }  # fmt: skip
    over = {"stop_reason": "tool_use" if act.tool else "end_turn", "stop_sequence": None}
    said: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": begun},
        {"type": "content_block_delta", "index": 0, "delta": more},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": over, "usage": usage},
        {"type": "message_stop"},
    ]
    return [(one["type"], one) for one in said]


def anthropic_whole(turn: Turn, act: Act, used: Usage) -> dict[str, Any]:
    """The same, to who wants no stream."""
    said = anthropic(turn, act, used)
    block = {"type": "text", "text": act.text}
    if act.tool:
        block = said[1][1]["content_block"] | {"input": act.arguments}
    return said[0][1]["message"] | said[4][1]["delta"] | {
        "content": [block], "usage": said[4][1]["usage"]
    }  # fmt: skip


def responses(turn: Turn, act: Act, used: Usage) -> list[Event]:
    """The Responses API: what is cached is among the input."""
    if act.tool:
        tool = turn.tools[act.tool]
        item = {
            "type": "function_call", "id": _id("fc_"), "call_id": _id("call_"),
            "status": "completed", "name": tool.name, "arguments": json.dumps(act.arguments),
        }  # fmt: skip
        if tool.space:
            item["namespace"] = tool.space
    else:
        item = {
            "type": "message", "id": _id("msg_"), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": act.text, "annotations": []}],
        }  # fmt: skip
    usage = {
        "input_tokens": used.fresh + used.cached,
        "input_tokens_details": {"cached_tokens": used.cached},
        "output_tokens": used.output, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used.tokens,
    }  # fmt: skip
    whole = {
        "id": _id("resp_"), "object": "response", "created_at": int(time.time()),
        "status": "completed", "model": turn.model, "output": [item], "usage": usage,
        "error": None, "parallel_tool_calls": False, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    said: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return [(one["type"], one | {"sequence_number": n}) for n, one in enumerate(said)]


def responses_whole(turn: Turn, act: Act, used: Usage) -> dict[str, Any]:
    """The same, to who wants no stream."""
    return dict(responses(turn, act, used)[-1][1]["response"])


def chat(turn: Turn, act: Act, used: Usage) -> list[Event]:
    """The Chat Completions API: what is cached is among the input."""
    delta: dict[str, Any] = {"role": "assistant", "content": act.text or None}
    if act.tool:
        made = {"name": act.tool, "arguments": json.dumps(act.arguments)}
        delta["tool_calls"] = [
            {"index": 0, "id": _id("call_"), "type": "function", "function": made}
        ]
    usage = {
        "prompt_tokens": used.fresh + used.cached, "completion_tokens": used.output,
        "total_tokens": used.tokens, "prompt_tokens_details": {"cached_tokens": used.cached},
    }  # fmt: skip
    base = {
        "id": _id("chatcmpl-"), "created": int(time.time()), "model": turn.model,
        "object": "chat.completion.chunk",
    }  # fmt: skip
    over = "tool_calls" if act.tool else "stop"
    return [
        (None, base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}),
        (None, base | {"choices": [{"index": 0, "delta": {}, "finish_reason": over}]}),
        (None, base | {"choices": [], "usage": usage}),
    ]


def chat_whole(turn: Turn, act: Act, used: Usage) -> dict[str, Any]:
    """The same, to who wants no stream."""
    first, over, last = (one for _, one in chat(turn, act, used))
    choice = over["choices"][0] | {"message": first["choices"][0]["delta"]}
    return last | {"object": "chat.completion", "choices": [choice]}


def gemini(turn: Turn, act: Act, used: Usage) -> list[Event]:
    """Gemini's API: what is cached is among the prompt."""
    part: dict[str, Any] = {"text": act.text}
    if act.tool:
        part = {"functionCall": {"name": act.tool, "args": act.arguments}}
    usage = {
        "promptTokenCount": used.fresh + used.cached, "cachedContentTokenCount": used.cached,
        "candidatesTokenCount": used.output, "totalTokenCount": used.tokens,
    }  # fmt: skip
    said = {
        "candidates": [
            {"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [part]}}
        ],
        "usageMetadata": usage, "modelVersion": turn.model, "responseId": _id("gem-"),
    }  # fmt: skip
    return [(None, said)]


def gemini_whole(turn: Turn, act: Act, used: Usage) -> dict[str, Any]:
    """The same, to who wants no stream."""
    return gemini(turn, act, used)[0][1]


STREAMS: dict[str, Callable[[Turn, Act, Usage], list[Event]]] = {
    "anthropic": anthropic, "responses": responses, "chat": chat, "gemini": gemini,
}  # fmt: skip
WHOLES: dict[str, Callable[[Turn, Act, Usage], dict[str, Any]]] = {
    "anthropic": anthropic_whole, "responses": responses_whole, "chat": chat_whole,
    "gemini": gemini_whole,
}  # fmt: skip


def error(protocol: str, status: int) -> dict[str, Any]:
    """The body of an answer with an error's status."""
    text = f"scripted error {status}"
    plain, loud = KINDS.get(status, ("api_error", "INTERNAL"))
    if protocol == "anthropic":
        return {"type": "error", "error": {"type": plain, "message": text}}
    if protocol == "gemini":
        return {"error": {"code": status, "message": text, "status": loud}}
    code = "invalid_api_key" if status == 401 else None
    return {"error": {"message": text, "type": plain, "code": code}}
