"""The agent CLIs that a swarm can run, each described by data in a module of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jetpack_git.errors import BadInput
from jetpack_git.swarm.adapters import browser
from jetpack_git.swarm.adapters import claude
from jetpack_git.swarm.adapters import codex
from jetpack_git.swarm.adapters import command
from jetpack_git.swarm.adapters import gemini
from jetpack_git.swarm.adapters import opencode
from jetpack_git.swarm.adapters.base import Adapter

ADAPTERS: dict[str, Adapter] = {
    one.name: one
    for one in (
        claude.ADAPTER, codex.ADAPTER, gemini.ADAPTER, opencode.ADAPTER, browser.ADAPTER,
        command.ADAPTER,
    )
}  # fmt: skip


def adapter(name: str, overrides: Mapping[str, Mapping[str, Any]]) -> Adapter:
    """The adapter of that name, as the section `adapters` of the config changes it.

    Each field that it sets replaces ours; `env` is added to. `like` names the adapter that one
    of an own name, or the browser, starts from. Raises BadInput.
    """
    given = dict(overrides.get(name, {}))
    like = str(given.pop("like", name))
    found = ADAPTERS.get(like)
    if found is None:
        raise BadInput(
            f"There is no adapter {like!r}.",
            hint=f"Use one of {', '.join(ADAPTERS)}, or describe it under adapters: in "
            ".jetpack/config.yaml, with `like: command`.",
        )
    own = ADAPTERS.get(name)
    servers = own.servers if own is not None else found.servers
    env = {**found.env, **given.pop("env", {})}
    argv = given.pop("argv", None)
    if argv is not None:
        given["argv"] = tuple(argv)
    for key in ("args", "pass_env"):
        if key in given:
            given[key] = (*getattr(found, key), *given[key])
    return replace(found, name=name, servers=servers, env=env, **given)
