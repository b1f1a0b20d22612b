"""Memorable names for agents that have none: an adjective and an animal."""

from __future__ import annotations

from collections.abc import Container

from jetpack_git import ids

_ADJECTIVES = (
    "amber", "bold", "brave", "bright", "calm", "clever", "cosmic", "crisp", "daring", "deft",
    "eager", "fair", "fleet", "gentle", "golden", "grand", "happy", "hardy", "humble", "jolly",
    "keen", "kind", "lively", "lucid", "lucky", "mellow", "merry", "mighty", "nimble", "noble",
    "patient", "plucky", "polite", "proud", "quick", "quiet", "rapid", "ready", "royal", "rustic",
    "sage", "serene", "sharp", "silent", "silver", "sleek", "smart", "solid", "spry", "steady",
    "stout", "sunny", "swift", "tidy", "tranquil", "trusty", "vivid", "warm", "wild", "wise",
    "witty", "zany", "zesty", "young",
)  # fmt: skip
_ANIMALS = (
    "badger", "bear", "beaver", "bison", "bobcat", "cat", "condor", "cougar", "coyote", "crane",
    "crow", "deer", "dolphin", "dove", "eagle", "egret", "elk", "falcon", "ferret", "finch",
    "fox", "gecko", "goose", "hare", "hawk", "heron", "horse", "ibex", "jackal", "jay",
    "kestrel", "kite", "lark", "lemur", "leopard", "lion", "lizard", "llama", "lynx", "marten",
    "mole", "moose", "newt", "ocelot", "orca", "osprey", "otter", "owl", "panda", "panther",
    "puffin", "puma", "quail", "raven", "robin", "salmon", "seal", "sparrow", "stork", "swan",
    "tiger", "toad", "wolf", "wren",
)  # fmt: skip


def memorable(taken: Container[str]) -> str:
    """A name such as `swift-falcon` that is not taken; with a number when all are."""
    for length in (0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 6):
        name = f"{ids.choice(_ADJECTIVES)}-{ids.choice(_ANIMALS)}"
        name += f"-{ids.token(length)}" if length else ""
        if name not in taken:
            return name
    return f"agent-{ids.token(12)}"
