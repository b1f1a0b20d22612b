"""The kinds of agents that a swarm has: an adapter, a model and skills for each."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace

from jetpack_git.errors import BadInput
from jetpack_git.models.config import Config
from jetpack_git.swarm import harness
from jetpack_git.swarm.adapters import adapter
from jetpack_git.swarm.adapters import command
from jetpack_git.swarm.adapters.base import Adapter

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Kind:
    """What an agent runs its tasks with, and what it can do."""

    name: str
    adapter: Adapter
    model: str | None = None
    skills: tuple[str, ...] = ()


def kinds(
    config: Config, *, template: str | None, name: str | None, size: int | None,
    skills: Sequence[str] = (), only: str | None = None,
) -> list[Kind]:  # fmt: skip
    """The kind of each agent of a swarm of that size; `only` is the one of `agents` to take.

    What the user says now, a command `template` or an adapter's `name`, goes before what the
    config says: its `agents`, each as often as its count, then `swarm.adapter`, then
    `swarm.command`. Raises BadInput.
    """
    if only is not None and only not in config.agents:
        known = ", ".join(config.agents) or "none"
        raise BadInput(f"The config has no agent {only!r}.", hint=f"Its agents are: {known}")
    if template or name or not config.agents:
        one = _only(config, template, name)
        found = [Kind(one.name, one, config.swarm.model or one.model, tuple(skills))]
        return found * (1 if size is None else size)
    found = []
    for kind, fields in config.agents.items():
        if only not in (None, kind):
            continue
        made = _whole(config, str(fields.get("adapter") or kind))
        can = sorted({str(one).lower() for one in fields.get("skills") or ()} | set(skills))
        model = fields.get("model") or config.swarm.model or made.model
        found += [Kind(kind, made, model, tuple(can))] * (
            1 if only else int(fields.get("count", 1))
        )
    if not found:
        raise BadInput("The config has no agents.", hint="Give one of agents: a count above 0.")
    size = len(found) if size is None else size
    return [found[number % len(found)] for number in range(size)]


def _only(config: Config, template: str | None, name: str | None) -> Adapter:
    """The adapter of all agents. Raises BadInput."""
    if template:
        return command.of(template)
    return _whole(config, name or config.swarm.adapter or command.ADAPTER.name)


def _whole(config: Config, name: str) -> Adapter:
    """The adapter; where its own arguments are not said, `swarm.command` is what it runs."""
    found = adapter(name, config.adapters)
    return found if found.argv else replace(found, argv=command.of(_template(config)).argv)


def _template(config: Config) -> str:
    if not config.swarm.command:
        raise BadInput(
            "It is not said what runs a task.",
            hint="Give --adapter NAME or --command 'CMD {task_id} {prompt_file}', or swarm.adapter "
            "in the config.",
        )
    return config.swarm.command


def check(kinds: Sequence[Kind]) -> None:
    """What the agents run is there and new enough, and may be run so. Raises BadInput."""
    for one in {kind.adapter.name: kind.adapter for kind in kinds}.values():
        program = one.argv[0]
        harness.check([program])
        if one.bypass_permissions and os.geteuid() == 0:
            raise BadInput(
                f"adapters.{one.name}.bypass_permissions is refused for the superuser.",
                hint="Run the swarm as another user, or leave the key out.",
            )
        if one.servers and chromium() is None:
            raise BadInput(f"{one.name} needs Chromium.", hint="Install the package chromium.")
        if one.least is not None:
            _check_version(program, one.least)


def bypassed(kinds: Sequence[Kind]) -> list[str]:
    """The adapters that ask nobody before they act, because the config says so."""
    return sorted({one.adapter.name for one in kinds if one.adapter.bypass_permissions})


def chromium() -> str | None:
    """The system's Chromium."""
    path = harness.inherited()["PATH"]
    return next((there for one in CHROMIUMS if (there := shutil.which(one, path=path))), None)


def _check_version(program: str, least: str) -> None:
    """The program is not older than that, as far as it says. Raises BadInput."""
    said = re.search(r"\d+(?:\.\d+)+", harness.version([program, "--version"]))
    if said is not None and _numbers(said[0]) < _numbers(least):
        raise BadInput(f"{program} is {said[0]}; {least} or newer is needed.", hint="Upgrade it.")


def _numbers(version: str) -> list[int]:
    return [int(one) for one in version.split(".")]
