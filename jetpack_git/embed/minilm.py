"""all-MiniLM-L6-v2, run by numpy from its safetensors file.

Six layers of BERT (Devlin et al. 2018), the mean over all pieces of a text, length 1, as in
Reimers and Gurevych 2019 and the model's own configuration. Nothing is read of the file but what
is needed: the rows of the pieces, and the layers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jetpack_git.embed import weights
from jetpack_git.embed.base import Unavailable
from jetpack_git.embed.wordpiece import WordPiece

NAME = "minilm-l6-v2"
DIMENSION = 384
LAYERS = 6
HEADS = 12
PIECES = 256  # of a text, as the model was trained
EPSILON = 1e-12
FEW = 2  # texts that one thread embeds as fast as many
THREADS = "OPENBLAS_NUM_THREADS"
BATCH = 16  # texts at once, of about the same length


class MiniLM:
    """The model; it is loaded with the first text."""

    name = NAME
    dimension = DIMENSION
    is_semantic = True
    is_quick = False

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._loaded: tuple[WordPiece, dict[str, Any]] | None = None

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """For each text a vector of length 1, as float32. Raises Unavailable."""
        np = _numpy(alone=len(texts) <= FEW)
        words, tensors = self._load()
        pieces = [words.numbers(one, limit=PIECES) for one in texts]
        order = sorted(range(len(texts)), key=lambda at: len(pieces[at]))
        found: dict[int, bytes] = {}
        for begin in range(0, len(order), BATCH):
            part = order[begin : begin + BATCH]
            vectors = _run(np, tensors, [pieces[at] for at in part])
            found |= {at: vector.tobytes() for at, vector in zip(part, vectors, strict=True)}
        return [found[at] for at in range(len(texts))]

    def _load(self) -> tuple[WordPiece, dict[str, Any]]:
        if self._loaded is None:
            folder = weights.checked(self._folder)
            words = WordPiece((folder / weights.VOCABULARY).read_text(encoding="utf-8"))
            self._loaded = words, _tensors(folder / weights.MODEL)
        return self._loaded


def _numpy(*, alone: bool = False) -> Any:
    """The library; loaded for one thread if `alone`: others would only wait busily."""
    was = os.environ.get(THREADS)
    if alone and was is None:
        os.environ[THREADS] = "1"
    try:
        import numpy
    except ImportError as error:
        raise Unavailable(
            "The embedder minilm needs numpy, which is not installed.",
            hint="Run: pip install 'git-jetpack[semantic]'",
        ) from error
    finally:
        if was is None:
            os.environ.pop(THREADS, None)
    return numpy


def _tensors(path: Path) -> dict[str, Any]:
    """The tensors of a safetensors file, by name, as they lie on the disk.

    (8 bytes: the length of the header; the header, JSON; the data.)
    """
    np = _numpy()
    data = np.memmap(path, dtype=np.uint8, mode="r")
    length = int.from_bytes(data[:8].tobytes(), "little")
    header = json.loads(data[8 : 8 + length].tobytes())
    body = data[8 + length :]
    found = {}
    for name, one in header.items():
        if name != "__metadata__" and one["dtype"] == "F32":
            begin, end = one["data_offsets"]
            found[name] = body[begin:end].view(np.float32).reshape(one["shape"])
    return found


def _run(np: Any, tensors: dict[str, Any], texts: list[list[int]]) -> Any:
    """The vectors of texts that are given as numbers of pieces."""
    longest = max(map(len, texts))
    mask = np.zeros((len(texts), longest), dtype=np.float32)
    numbers = np.zeros((len(texts), longest), dtype=np.int64)
    for at, one in enumerate(texts):
        mask[at, : len(one)] = 1.0
        numbers[at, : len(one)] = one
    state = tensors["embeddings.word_embeddings.weight"][numbers]
    state = state + tensors["embeddings.position_embeddings.weight"][:longest]
    state = state + tensors["embeddings.token_type_embeddings.weight"][0]
    state = _normal(np, tensors, state, "embeddings.LayerNorm")
    unseen = (1.0 - mask)[:, None, None, :] * np.float32(-1e9)
    for layer in range(LAYERS):
        state = _layer(np, tensors, state, unseen, f"encoder.layer.{layer}")
    mean = (state * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1)[:, None]
    return mean / np.linalg.norm(mean, axis=1)[:, None]


def _layer(np: Any, tensors: dict[str, Any], state: Any, unseen: Any, name: str) -> Any:
    """One layer: each piece looks at the others, then is thought over by itself."""
    texts, longest, width = state.shape

    def linear(value: Any, part: str) -> Any:
        return value @ tensors[f"{name}.{part}.weight"].T + tensors[f"{name}.{part}.bias"]

    def heads(part: str) -> Any:
        found = linear(state, f"attention.self.{part}")
        return found.reshape(texts, longest, HEADS, width // HEADS).transpose(0, 2, 1, 3)

    query, key, value = heads("query"), heads("key"), heads("value")
    scores = query @ key.transpose(0, 1, 3, 2) / np.float32((width // HEADS) ** 0.5) + unseen
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    seen = scores / scores.sum(axis=-1, keepdims=True) @ value
    seen = seen.transpose(0, 2, 1, 3).reshape(texts, longest, width)
    state = _normal(
        np,
        tensors,
        state + linear(seen, "attention.output.dense"),
        f"{name}.attention.output.LayerNorm",
    )
    inner = linear(state, "intermediate.dense")
    inner = linear(_gelu(np, inner), "output.dense")
    return _normal(np, tensors, state + inner, f"{name}.output.LayerNorm")


def _normal(np: Any, tensors: dict[str, Any], value: Any, name: str) -> Any:
    """Each vector with mean 0 and variance 1, then scaled and moved."""
    middle = value - value.mean(axis=-1, keepdims=True)
    spread = np.sqrt((middle * middle).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
    return middle / spread * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]


def _gelu(np: Any, value: Any) -> Any:
    """x times the normal distribution up to x, which needs the error function.

    Abramowitz and Stegun 7.1.26 is right to 1.5e-7, as far as float32 goes.
    """
    x = value * np.float32(0.7071067811865476)
    size = np.abs(x)
    t = 1.0 / (1.0 + np.float32(0.3275911) * size)
    series = np.float32(1.061405429)
    for factor in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = series * t + np.float32(factor)
    erf = np.sign(x) * (1.0 - series * t * np.exp(-size * size))
    return value * np.float32(0.5) * (1.0 + erf)
