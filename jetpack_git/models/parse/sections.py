"""The sections of `.jetpack/config.yaml`, and the settings that they make."""

from __future__ import annotations

import shlex
from typing import Annotated
from typing import Any
from typing import Literal

from pydantic import AfterValidator
from pydantic import BeforeValidator
from pydantic import Field
from typing_extensions import TypedDict

from jetpack_git.errors import BadInput
from jetpack_git.models import mapping
from jetpack_git.models.config import BudgetConfig
from jetpack_git.models.config import Config
from jetpack_git.models.config import GuardConfig
from jetpack_git.models.config import IntegrationConfig
from jetpack_git.models.config import MemoryConfig
from jetpack_git.models.config import MirrorConfig
from jetpack_git.models.config import ReservationsConfig
from jetpack_git.models.config import RetryPolicy
from jetpack_git.models.config import ReviewConfig
from jetpack_git.models.config import SwarmConfig
from jetpack_git.models.parse import Name
from jetpack_git.models.parse import Optional
from jetpack_git.models.parse import Seconds
from jetpack_git.models.parse import Text
from jetpack_git.models.parse import Texts
from jetpack_git.models.parse import checked


def _plain(value: object) -> object:
    return value.values if isinstance(value, mapping.Mapping) else value


def _commands(value: list[str]) -> list[str]:
    for one in value:
        try:
            shlex.split(one)
        except ValueError as error:
            raise ValueError(f"must be command lines; in {one!r:.60} a quote is open") from error
    return value


Commands = Annotated[Texts, AfterValidator(_commands)]
Amount = Annotated[float, Field(gt=0, le=10**12)]
Variables = Annotated[dict[Name, Text], BeforeValidator(_plain)]


class GuardFields(TypedDict, total=False):
    """The section `guard` of the config."""

    mode: Literal["block", "warn", "off"]
    on_error: Literal["block", "warn", "allow"]


class SwarmFields(TypedDict, total=False):
    """The section `swarm` of the config."""

    command: Optional
    strategy: Literal["first-fit", "best-fit", "round-robin", "load-balanced", "graph-prioritized"]
    integrate: Literal["leave", "merge", "pr"]
    adapter: Optional
    model: Optional
    idle_timeout: Seconds
    output_limit_mb: Annotated[int, Field(ge=1, le=1 << 20)]
    transient_retries: Annotated[int, Field(ge=0, le=100)]
    transient_delay: Seconds
    breaker: Annotated[int, Field(ge=1, le=1000)]
    prompt_tokens: Annotated[int, Field(ge=500, le=1_000_000)]
    on_event: Optional
    heartbeat: Seconds
    stale_after: Seconds
    stop_grace: Seconds
    task_timeout: Seconds
    reservation_ttl: Seconds


class IntegrationFields(TypedDict, total=False):
    """The section `integration` of the config."""

    checks: Commands
    check_timeout: Seconds
    batch: Annotated[int, Field(ge=1, le=1000)]


class TasksFields(TypedDict, total=False):
    """The section `tasks` of the config."""

    max_attempts: Annotated[int, Field(ge=1, le=1000)]
    retry_delay: Seconds
    longest_delay: Seconds


class ReservationsFields(TypedDict, total=False):
    """The section `reservations` of the config."""

    keep: Seconds


class MirrorFields(TypedDict, total=False):
    """The section `mirror` of the config."""

    autostage: bool


Level = Literal["error", "warning", "off"]


class ReviewFields(TypedDict, total=False):
    """The section `review` of the config."""

    markers: Level
    unreadable: Level
    cycle: Level
    missing: Level
    deleted: Level
    reopened: Level
    log_changed: Level
    hand_edited: Level
    reserved: Level
    undeclared: Level
    no_task: Level


class MemorySettings(TypedDict, total=False):
    """The section `memory` of the config."""

    embedder: Literal["hash", "minilm", "http", "command"]
    url: Optional
    model: Optional
    key_env: Optional
    command: Optional
    dimension: Annotated[int, Field(ge=1, le=8192)]
    timeout: Seconds


class BudgetFields(TypedDict, total=False):
    """The section `budget` of the config: tokens, US dollars and minutes, for each of four."""

    task_tokens: Amount
    task_cost: Amount
    task_minutes: Amount
    agent_tokens: Amount
    agent_cost: Amount
    agent_minutes: Amount
    day_tokens: Amount
    day_cost: Amount
    day_minutes: Amount
    swarm_tokens: Amount
    swarm_cost: Amount
    swarm_minutes: Amount


class AgentFields(TypedDict, total=False):
    """An entry of the section `agents`: a kind of agent."""

    adapter: Optional
    model: Optional
    skills: Texts
    count: Annotated[int, Field(ge=0, le=256)]


class AdapterFields(TypedDict, total=False):
    """An entry of the section `adapters`: what to change of an adapter of that name."""

    like: Name
    argv: Texts
    args: Texts
    model: Optional
    env: Variables
    pass_env: Texts
    prompt: Literal["stdin", "file"]
    may_be_empty: bool
    bypass_permissions: bool
    least: Optional


class PriceFields(TypedDict, total=False):
    """An entry of the section `prices`: a model's price, in US dollars for a million tokens."""

    input: Annotated[float, Field(ge=0)]
    cached: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]


SECTIONS: dict[str, tuple[type, type]] = {
    "guard": (GuardFields, GuardConfig),
    "swarm": (SwarmFields, SwarmConfig),
    "integration": (IntegrationFields, IntegrationConfig),
    "tasks": (TasksFields, RetryPolicy),
    "reservations": (ReservationsFields, ReservationsConfig),
    "mirror": (MirrorFields, MirrorConfig),
    "review": (ReviewFields, ReviewConfig),
    "memory": (MemorySettings, MemoryConfig),
    "budget": (BudgetFields, BudgetConfig),
}
NAMED: dict[str, type] = {"agents": AgentFields, "adapters": AdapterFields, "prices": PriceFields}
DURATIONS = frozenset(
    {
        "heartbeat", "stale_after", "stop_grace", "task_timeout", "idle_timeout", "reservation_ttl",
        "transient_delay", "retry_delay", "longest_delay", "keep", "timeout",
        "check_timeout",
    }
)  # fmt: skip


def config(text: str, *, source: str) -> Config:
    """The settings in the text of a config file. Raises BadInput with file and line."""
    found = mapping.read(text, source=source)
    unknown = [key for key in found.values if key not in SECTIONS and key not in NAMED]
    made: dict[str, Any] = {}
    for name, (shape, noun) in SECTIONS.items():
        fields, odd = _section(found, name, shape, source)
        unknown += odd
        made[name] = noun(
            **{f"{key}_s" if key in DURATIONS else key: one for key, one in fields.items()}
        )
    for name, shape in NAMED.items():
        entries = _mapping(found, name, source)
        made[name] = {}
        for entry in entries.values:
            made[name][entry], odd = _section(entries, entry, shape, source, within=f"{name}.")
            unknown += odd
    return Config(**made, unknown=tuple(unknown))


def _section(
    found: mapping.Mapping, name: str, shape: type, source: str, *, within: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """The checked fields below a key, and the names of those that are not known."""
    section = _mapping(found, name, source, within=within)
    fields = checked(section, shape, source=source, line=found.lines.get(name, 1))
    odd = [f"{within}{name}.{key}" for key in section.values if key not in shape.__annotations__]
    return fields, odd


def _mapping(
    found: mapping.Mapping, name: str, source: str, *, within: str = ""
) -> mapping.Mapping:
    """The mapping below a key; an empty one where there is none. Raises BadInput."""
    section = found.values.get(name) or mapping.Mapping()
    if not isinstance(section, mapping.Mapping):
        raise BadInput(
            f"{source}:{found.lines.get(name, 1)}: {within}{name} must be a mapping.",
            hint=f"Write the settings of {name} below it, indented, one a line.",
        )
    return section
