"""The embedder that the config asks for."""

from __future__ import annotations

from jetpack_git.embed.base import Embedder
from jetpack_git.errors import BadInput
from jetpack_git.models.config import MemoryConfig


def embedder(config: MemoryConfig) -> Embedder:
    """The embedder, which has loaded nothing yet. Raises BadInput where a setting is missing."""
    return _CHOICES[config.embedder](config)


def _hash(_: MemoryConfig) -> Embedder:
    from jetpack_git.embed.hashed import Hashed

    return Hashed()


def _minilm(_: MemoryConfig) -> Embedder:
    from jetpack_git.embed.minilm import MiniLM

    return MiniLM()


def _http(config: MemoryConfig) -> Embedder:
    from jetpack_git.embed.http import Http

    if not config.url or not config.model or not config.dimension:
        raise BadInput(
            "The embedder http needs memory.url, memory.model and memory.dimension.",
            hint="Set them in .jetpack/config.yaml, or take another memory.embedder.",
        )
    if not config.url.startswith(("http://", "https://")):
        raise BadInput(f"memory.url is {config.url!r:.60}.", hint="Begin it with https://")
    try:
        return Http(
            url=config.url, model=config.model, dimension=config.dimension,
            key_env=config.key_env, timeout_s=config.timeout_s,
        )  # fmt: skip
    except ValueError as error:
        raise BadInput(
            f"memory.url is {config.url!r:.200}, which is no address: {error}."
        ) from error


def _command(config: MemoryConfig) -> Embedder:
    from jetpack_git.embed.command import Command

    if not config.command or not config.dimension:
        raise BadInput(
            "The embedder command needs memory.command and memory.dimension.",
            hint="Set them in .jetpack/config.yaml, or take another memory.embedder.",
        )
    return Command(
        command=config.command, dimension=config.dimension, timeout_s=config.timeout_s
    )  # fmt: skip


_CHOICES = {"hash": _hash, "minilm": _minilm, "http": _http, "command": _command}
