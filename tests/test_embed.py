"""Embedders: each keeps the same promises, and says what is wrong when it cannot."""

from __future__ import annotations

import json
import math
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Repo
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.embed import hashed
from jetpack_git.embed import minilm
from jetpack_git.embed import weights
from jetpack_git.embed.base import Embedder
from jetpack_git.embed.base import Unavailable
from jetpack_git.embed.command import Command
from jetpack_git.embed.hashed import Hashed
from jetpack_git.embed.http import Http
from jetpack_git.embed.minilm import MiniLM
from jetpack_git.embed.wordpiece import WordPiece

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "lock", "##s", "##ing", "file", ",", "名"]
ANSWER = (
    "import json, sys\nfor line in sys.stdin: print(json.dumps([len(json.loads(line)), 2, 0]))\n"
)
KINDS = [
    "hang", "drip", "500", "lie", "few", "zero", "html", "move", "noise", "cut", "deep",
]  # fmt: skip


class _Endpoint(BaseHTTPRequestHandler):
    """An embeddings endpoint that does as the path says."""

    def do_POST(self) -> None:
        """Answer as the test wants it."""
        length = int(self.headers["Content-Length"])
        texts = json.loads(self.rfile.read(length))["input"]
        kind = self.path.strip("/").partition("?")[0]
        self.server.keys.append(self.headers["Authorization"])  # type: ignore[attr-defined]
        if kind == "hang":
            time.sleep(2)
        if kind == "drip":
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                for _ in range(15):
                    self.wfile.write(b" ")
                    time.sleep(0.2)
            return
        if kind == "noise":
            self.wfile.write(b"What do you want?\r\n\r\n")
            return
        if kind == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            return
        if kind == "500" or (kind == "picky" and any("unfit" in one for one in texts)):
            self.send_error(500 if kind == "500" else 400)
            return
        if kind == "move":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.end_headers()
            return
        more = [0.0] * (3 if kind == "lie" else 1)
        rows: list[dict[str, Any]] = [
            {"index": at, "embedding": [float(len(one)), 2.0, *more]}
            for at, one in enumerate(texts)
        ]
        for row in rows:
            if kind == "null" and "unfit" in texts[row["index"]]:
                row["embedding"] = None
        rows = rows[1:] if kind == "few" else rows
        if kind == "zero":
            rows = [{"index": 0, "embedding": [0, 0, 0]} for _ in texts]
        odd = {"html": b"<html>", "deep": b"[" * 100_000}
        body = odd.get(kind) or json.dumps({"data": rows[::-1]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def endpoint() -> Iterator[HTTPServer]:
    """A server on loopback."""
    server = HTTPServer(("127.0.0.1", 0), _Endpoint)
    server.keys = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def http(server: HTTPServer, kind: str, **more: Any) -> Http:
    """The embedder that asks that server."""
    url = f"http://127.0.0.1:{server.server_port}/{kind}"
    values: dict[str, Any] = {"model": "m", "dimension": 3, "key_env": None, "timeout_s": 0.5}
    return Http(url=url, **(values | more))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The files of a model with the right shape and made-up numbers."""
    chance = np.random.default_rng(7)
    tensors = {
        "embeddings.word_embeddings.weight": (len(PIECES), 384),
        "embeddings.position_embeddings.weight": (512, 384),
        "embeddings.token_type_embeddings.weight": (2, 384),
    }
    normal = ["embeddings.LayerNorm"]
    for layer in range(minilm.LAYERS):
        name = f"encoder.layer.{layer}"
        normal += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
        for part, wide, deep in (
            ("attention.self.query", 384, 384), ("attention.self.key", 384, 384),
            ("attention.self.value", 384, 384), ("attention.output.dense", 384, 384),
            ("intermediate.dense", 1536, 384), ("output.dense", 384, 1536),
        ):  # fmt: skip
            tensors |= {f"{name}.{part}.weight": (wide, deep), f"{name}.{part}.bias": (wide,)}
    tensors |= {f"{one}.{kind}": (384,) for one in normal for kind in ("weight", "bias")}
    header, data, at = {}, [], 0
    for name, shape in tensors.items():
        content = (chance.standard_normal(shape) * 0.05).astype(np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(content)]}
        data.append(content)
        at += len(content)
    text = json.dumps(header).encode()
    file = tmp_path / weights.MODEL
    file.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data))
    (tmp_path / weights.VOCABULARY).write_text("\n".join(PIECES), encoding="utf-8")
    return tmp_path


@pytest.fixture
def trusted(model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, taken for the real one."""
    import hashlib

    sums = {
        name: hashlib.sha256((model / name).read_bytes()).hexdigest() for name in weights.SHA256
    }
    monkeypatch.setattr(weights, "SHA256", sums)
    return model


def _reference(folder: Path, numbers: list[int]) -> Any:
    """The model by the book, in double precision and a text at a time."""
    tensors = {
        name: one.astype(np.float64)
        for name, one in minilm._tensors(folder / weights.MODEL).items()
    }

    def linear(value: Any, name: str) -> Any:
        return value @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]

    def normal(value: Any, name: str) -> Any:
        middle = value - value.mean(-1, keepdims=True)
        spread = np.sqrt(value.var(-1, keepdims=True) + 1e-12)
        return middle / spread * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    state = tensors["embeddings.word_embeddings.weight"][numbers]
    state = state + tensors["embeddings.position_embeddings.weight"][: len(numbers)]
    state = normal(
        state + tensors["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm"
    )
    for layer in range(minilm.LAYERS):
        name = f"encoder.layer.{layer}"
        heads = []
        for head in range(minilm.HEADS):
            part = slice(32 * head, 32 * head + 32)
            query, key, value = (
                linear(state, f"{name}.attention.self.{one}")[:, part]
                for one in ("query", "key", "value")
            )
            scores = np.exp(query @ key.T / math.sqrt(32))
            heads.append(scores / scores.sum(-1, keepdims=True) @ value)
        seen = linear(np.concatenate(heads, axis=1), f"{name}.attention.output.dense")
        state = normal(state + seen, f"{name}.attention.output.LayerNorm")
        inner = linear(state, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        state = normal(state + linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    mean = state.mean(0)
    return mean / np.linalg.norm(mean)


def test_the_model_is_run_by_the_book(trusted: Path) -> None:
    """To 1e-6, whatever else is in the batch."""
    texts = ["the locks", "", "file", "locking, the files the file", "名 lock " * 300]
    words = WordPiece((trusted / weights.VOCABULARY).read_text())
    for text, found in zip(texts, MiniLM(trusted).embed(texts), strict=True):
        wanted = _reference(trusted, words.numbers(text, limit=minilm.PIECES))
        assert np.abs(np.array(array("f", found)) - wanted).max() < 1e-6


def test_words_are_cut_into_pieces() -> None:
    """The longest that are known; accents, case and control characters count for nothing."""
    words = WordPiece("\n".join(PIECES))
    cases = {
        "Locks": [5, 6], "LÓCKING\0": [5, 7], "file,the名file": [8, 9, 4, 10, 8],
        "lockx": [1], "x" * 101: [1], "\u200b": [],
    }  # fmt: skip
    for text, wanted in cases.items():
        assert words.numbers(text, limit=256) == [2, *wanted, 3], text
    assert words.numbers("file " * 99, limit=10) == [2, *[8] * 8, 3]


@pytest.mark.parametrize("damage", ["truncated", "other", "gone", "folder"])
def test_damaged_weights_are_told(trusted: Path, damage: str) -> None:
    """Also where they were checked before; and with what to do."""
    MiniLM(trusted).embed(["file"])
    path = trusted / weights.MODEL
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "other":
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    else:
        path.unlink()
    if damage == "folder":
        path.mkdir()
    with pytest.raises(Unavailable) as told:
        MiniLM(trusted).embed(["file"])
    assert "git jetpack memory enable-semantic" in told.value.hint


@given(st.text(max_size=300))
def test_hashed_vectors_have_a_direction(text: str) -> None:
    """Any text has one of length 1, or none; the same text the same."""
    (one,) = Hashed().embed([text])
    length = sum(x * x for x in array("f", one))
    assert length == pytest.approx(1.0, abs=1e-5) or length == 0.0
    assert one == hashed.vector(text)


def test_nearly_the_same_text_is_near() -> None:
    """And another one about the same thing is not."""
    text = "Run the tests with make test, and never with bare pytest, which lacks the fixtures"
    near = text.replace("bare pytest", "plain pytest")
    far = "The tests need fixtures that make builds before pytest runs in the environment"
    mine, close, other = (array("f", hashed.vector(one)) for one in (text, near + ".", far))
    assert hashed.similarity(mine, close) >= hashed.NEAR
    assert hashed.similarity(mine, other) < 0.6


def _good(kind: str, server: HTTPServer, folder: Path) -> Embedder:
    if kind == "hash":
        return Hashed()
    if kind == "minilm":
        return MiniLM(folder)
    if kind == "http":
        return http(server, "good")
    script = folder / "embed.py"
    script.write_text(ANSWER)
    return Command(command=f"python3 {script}", dimension=3, timeout_s=20)


@pytest.mark.parametrize("kind", ["hash", "minilm", "http", "command"])
def test_every_embedder_keeps_the_contract(kind: str, endpoint: HTTPServer, trusted: Path) -> None:
    """A vector of length 1 for each text, in their order, the same each time."""
    one = _good(kind, endpoint, trusted)
    texts = ["the lock", "files", "the lock", "x" * 70]
    found = one.embed(texts)
    assert [len(each) for each in found] == [4 * one.dimension] * len(texts)
    for each in found:
        assert sum(x * x for x in array("f", each)) == pytest.approx(1.0, abs=1e-5)
    assert found[0] == found[2] == one.embed(["the lock"])[0]
    assert found[0] != found[1]
    assert one.embed([]) == []
    assert one.name


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_endpoint_is_told(endpoint: HTTPServer, kind: str) -> None:
    """In one sentence, within the time that the config gives."""
    began = time.monotonic()
    with pytest.raises(Unavailable) as told:
        http(endpoint, kind).embed(["a", "b"])
    assert "127.0.0.1" in told.value.message
    assert time.monotonic() - began < 2


def test_a_key_comes_from_the_environment(
    endpoint: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is missed where it is not there."""
    one = http(endpoint, "good", key_env="THE_KEY")
    with pytest.raises(Unavailable, match="THE_KEY"):
        one.embed(["a"])
    monkeypatch.setenv("THE_KEY", "s3cret")
    one.embed(["a"])
    assert endpoint.keys == ["Bearer s3cret"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('no model')", "no model"),
        ("print('[1, 2, 3]')", "1 lines for 2"),
        ("print('x'); print('y')", "no JSON"),
        ("print('[' * 100_000); print('[1]')", "no JSON"),
        ("print('[1]'); print('[1]')", "1 numbers where 3"),
        ("print('{}'); print('{}')", "0 numbers"),
        ("import time; time.sleep(9)", "within"),
    ],
)
def test_a_bad_program_is_told(tmp_path: Path, script: str, said: str) -> None:
    """With its last words."""
    file = tmp_path / "e.py"
    file.write_text(script)
    with pytest.raises(Unavailable, match=said):
        Command(command=f"python3 {file}", dimension=3, timeout_s=1).embed(["a", "b"])
    with pytest.raises(Unavailable, match="cannot run"):
        Command(command="no-such-program-here", dimension=3, timeout_s=1).embed(["a"])


def _configure(repo: Repo, *lines: str) -> None:
    repo.write(".jetpack/config.yaml", "\n".join(["memory:", *(f"  {one}" for one in lines), ""]))


def test_recall_asks_an_endpoint_and_says_so(repo: Repo, endpoint: HTTPServer) -> None:
    """Vectors are made by the commands that come after; without it, words must do."""
    repo.ok("remember", "Short")
    repo.ok("remember", "A much longer memory about locks")
    url = f"http://127.0.0.1:{endpoint.server_port}"
    _configure(repo, "embedder: http", f"url: {url}/good", "model: m", "dimension: 3")
    found = repo.ok("recall", "what of locks")
    assert found["retriever"] == f"hybrid(http:m:3@127.0.0.1:{endpoint.server_port}/good)"
    assert found["degraded"] is None
    assert len(found["memories"]) == 2, "by meaning, both"
    assert repo.ok("recall", "--like", found["memories"][0]["id"])["retriever"].startswith("vector")
    _configure(repo, "embedder: http", f"url: {url}/500", "model: m2", "dimension: 3")
    answer = repo.jetpack("recall", "locks", "--json")
    assert answer.json["retriever"] == "bm25"
    assert "500" in answer.json["degraded"]
    assert "500" in answer.err
    silent, finding = repo.jetpack("doctor", "--dry-run", "--json").json["findings"]
    assert "answered 500" in silent["problem"]
    assert "2 memories have no vector of http:m2:3@127" in finding["problem"]
    _configure(repo, "embedder: http", f"url: {url}/good", "model: m2", "dimension: 3")
    repo.ok("doctor")
    assert repo.ok("doctor", "--dry-run")["findings"] == []


def test_a_repository_runs_no_program_of_its_own(repo: Repo, tmp_path: Path) -> None:
    """Unless this clone's user has allowed that very one; nor does it get texts and keys."""
    script = tmp_path / "e.py"
    script.write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()\n{ANSWER}")
    repo.ok("remember", "About locks")
    _configure(repo, "embedder: command", f"command: python3 {script}", "dimension: 3")
    answer = repo.jetpack("recall", "locks", "--json")
    assert answer.json["retriever"] == "bm25"
    assert "nobody has allowed" in answer.json["degraded"]
    assert not (tmp_path / "ran").exists()
    repo.git("config", "jetpack.embedder", f"python3 {script}")
    assert repo.ok("recall", "locks")["retriever"].startswith("hybrid(command")
    _configure(
        repo, "embedder: http", "url: https://example.invalid/", "model: m", "dimension: 3",
        "key_env: HOME",
    )  # fmt: skip
    assert "nobody has allowed" in repo.ok("recall", "locks")["degraded"]


def test_settings_that_are_missing_are_told(repo: Repo) -> None:
    """An answer by words comes all the same."""
    repo.ok("remember", "About locks")
    _configure(repo, "embedder: http")
    assert "memory.url" in repo.ok("recall", "locks")["degraded"]
    _configure(repo, "embedder: minilm")
    assert "enable-semantic" in repo.ok("recall", "locks")["degraded"]
    _configure(repo, "embedder: sorcery")
    assert repo.jetpack("recall", "locks").code == 2


def test_a_text_that_an_endpoint_refuses_takes_no_other_with_it(
    repo: Repo, endpoint: HTTPServer
) -> None:
    """Of those that are asked for at once; and another address may give other vectors."""
    for text in ("ants are fit", "bees are unfit", "cats are fit"):
        repo.ok("remember", text)
    url = f"http://127.0.0.1:{endpoint.server_port}"
    for path, found in (("picky?key=s3cret", 2), ("null", 2), ("good", 3)):
        _configure(repo, "embedder: http", f"url: {url}/{path}", "model: m", "dimension: 3")
        answer = repo.ok("recall", "of what")
        assert (answer["degraded"], len(answer["memories"])) == (None, found)
        assert answer["retriever"].endswith(f":{endpoint.server_port}/{path.partition('?')[0]})")
