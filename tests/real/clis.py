"""The real CLIs, and what a user would write down to have each talk to the scripted server."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real.server import KEY

PLACE = Path(__file__).parents[2] / ".agent-clis"
PRICE = {"input": 2.0, "cached": 0.5, "output": 8.0}  # of a million tokens, in US dollars


@dataclass(frozen=True)
class Cli:
    """One CLI: its `model`, the variable that holds its key, and who knows its costs."""

    name: str
    model: str
    key: str
    tells_cost: bool


CLIS = {
    one.name: one
    for one in (
        Cli("claude", "sonnet", "ANTHROPIC_API_KEY", True),
        Cli("codex", "gpt-5-codex", "OPENAI_API_KEY", False),
        Cli("gemini", "gemini-2.5-pro", "GEMINI_API_KEY", False),
        Cli("opencode", "scripted/model", "OPENAI_API_KEY", True),
    )
}


def environment(cli: Cli) -> dict[str, str]:
    """The user's environment: the CLI on PATH, and its key alone."""
    path = PLACE / "node_modules" / ".bin"
    return {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}", cli.key: KEY}


def config(cli: Cli, url: str) -> dict[str, Any]:
    """The section `adapters` of `.jetpack/config.yaml`, and the prices where we count them."""
    env = {
        "claude": {"ANTHROPIC_BASE_URL": url},
        "gemini": {"GOOGLE_GEMINI_BASE_URL": url},
        "opencode": {"OPENCODE_DISABLE_MODELS_FETCH": "1"},
    }.get(cli.name, {})
    found: dict[str, Any] = {"adapters": {cli.name: {"model": cli.model, "env": env}}}
    return found if cli.tells_cost else found | {"prices": {cli.model: PRICE}}


def settle(cli: Cli, url: str, home: Path) -> None:
    """The CLI's own config stands in the user's home."""
    name, text = _own(cli, url)
    target = home / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def _own(cli: Cli, url: str) -> tuple[str, str]:
    """The name and the text of the config."""
    if cli.name == "codex":
        return ".codex/config.toml", (
            'model_provider = "scripted"\n[model_providers.scripted]\nname = "scripted"\n'
            f'base_url = "{url}/v1"\nwire_api = "responses"\nenv_key = "{cli.key}"\n'
            "request_max_retries = 1\nstream_max_retries = 1\n"
        )
    if cli.name == "gemini":
        chosen = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
        return ".gemini/settings.json", json.dumps(chosen)
    if cli.name == "opencode":
        cost = {"input": PRICE["input"], "cache_read": PRICE["cached"], "output": PRICE["output"]}
        model = {"limit": {"context": 100_000, "output": 8000}, "cost": cost}
        provider = {
            "npm": "@ai-sdk/openai-compatible", "models": {"model": model},
            "options": {"baseURL": f"{url}/v1", "apiKey": f"{{env:{cli.key}}}"},
        }  # fmt: skip
        return ".config/opencode/opencode.json", json.dumps({"provider": {"scripted": provider}})
    return ".claude/settings.json", "{}"
