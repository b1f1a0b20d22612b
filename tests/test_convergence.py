"""Clones that edit, commit, branch and merge at random come to the same, and lose nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from conftest import Repo
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import note
from hypothesis import settings
from hypothesis import strategies as st
from learners import Learners

EXAMPLES = int(os.environ.get("JETPACK_EXAMPLES", "0"))
STEPS = (
    "add", "edit", "finish", "claim", "crash", "by_hand", "delete", "commit", "merge", "squash",
    "rebase", "cherry_pick", "revert", "look_back", "branch", "remember", "relearn", "promote",
    "forget",
)  # fmt: skip
OFTEN = ("add", "edit", "finish", "commit", "merge")


@pytest.fixture(scope="module")
def model(models: Path) -> Path:
    """A clone with a few tasks; the others are copies of it, with databases of their own."""
    return models / "clone"


@pytest.mark.usefixtures("repo")
@settings(
    max_examples=EXAMPLES or 3,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(
    clones=st.integers(2, 4),
    steps=st.lists(
        st.tuples(st.sampled_from(STEPS + OFTEN), st.integers(0, 3), st.integers(0, 11)),
        min_size=4, max_size=40 if EXAMPLES else 10,
    ),
)  # fmt: skip
def test_clones_converge(
    repo: Repo, model: Path, clones: int, steps: list[tuple[str, int, int]]
) -> None:
    """Whatever they do and in whatever order they merge."""
    if not model.exists():
        repo.commit("Set up")
        for number in range(4):
            repo.add(f"First {number}")
            repo.commit("A task")
        shutil.copytree(repo.path, model, symlinks=True)
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in "abcd"[:clones]]
        for place in places:
            shutil.copytree(model, place, symlinks=True)
            Learners.sync(Learners([place]), place)  # a copy knows nothing of where it is yet
        world = Learners(places)
        for what, who, number in steps:
            world.step(what, who, number)
            note(world.story[-1])
        world.converge()
