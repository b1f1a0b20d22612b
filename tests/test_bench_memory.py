"""The benchmark of memories: its set is sound, and every form of a public set can be read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "bench" / "memory"


def run(*args: str) -> str:
    """What the benchmark prints."""
    done = subprocess.run(
        [sys.executable, FOLDER / "run.py", *args], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _lines(name: str) -> list[dict[str, object]]:
    text = (FOLDER / "own" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_our_own_set_is_sound() -> None:
    """200 questions, none twice, each with an answer that is there."""
    documents = [str(one["id"]) for one in _lines("corpus.jsonl")]
    assert len({*documents}) == len(documents)
    questions = _lines("queries.jsonl")
    assert len({str(one["query"]) for one in questions}) == 200 == len(questions)
    for one in questions:
        relevant = one["relevant"]
        assert isinstance(relevant, dict)
        assert relevant.keys() <= {*documents}
        assert 2 in relevant.values()
        assert {*relevant.values()} <= {1, 2}


def test_words_beat_what_fts5_does_by_itself(tmp_path: Path) -> None:
    """On our own set, with an interval above nothing; and no factor does harm by chance."""
    run("--json", str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    mean, low, _ = found["own"]["bm25 - plain FTS5"]
    assert mean > 0
    assert low > 0
    none, _ = found["factors"]["none"]
    assert all(chance > none - 0.02 for chance, _ in found["factors"].values())


@pytest.mark.parametrize(
    "kind", ["locomo", "cosqa list", "cosqa published", "cosqa beir", "bugs", "bugs.csv"]
)
def test_public_sets_are_read(tmp_path: Path, kind: str) -> None:
    """In the forms in which they are published."""
    option, path = "--" + kind.split()[0].split(".")[0], tmp_path / "set.json"
    if kind == "locomo":
        turns = [{"speaker": "Ann", "dia_id": "D1:1", "text": "I adopted a puppy"},
                 {"speaker": "Bo", "dia_id": "D1:2", "text": "Nice weather"}]  # fmt: skip
        asked = [{"question": "Which puppy?", "answer": "x", "evidence": ["D1:1"], "category": 1},
                 {"question": "No?", "evidence": ["D1:2"], "category": 5}]  # fmt: skip
        talk = {"speaker_a": "Ann", "session_1_date_time": "1 May", "session_1": turns}
        path.write_text(json.dumps([{"conversation": talk, "qa": asked}]))
    elif kind == "cosqa list":
        pairs = [{"doc": "sort puppy list", "code": "def sort_puppy(): ...", "label": 1},
                 {"doc": "sort puppy list", "code": "def other(): ...", "label": 0}]  # fmt: skip
        path.write_text(json.dumps(pairs))
    elif kind == "cosqa published":
        path = tmp_path / "search"
        path.mkdir()
        (path / "code_idx_map.txt").write_text('{"def sort_puppy(): ...": 7, "def other(): .": 8}')
        asked = [{"doc": "sort puppy list", "code": "x", "label": 1, "retrieval_idx": 7}]
        (path / "cosqa-retrieval-test-500.json").write_text(json.dumps(asked))
    elif kind == "cosqa beir":
        path = tmp_path / "beir"
        (path / "qrels").mkdir(parents=True)
        (path / "corpus.jsonl").write_text('{"_id": "1", "text": "a puppy"}\n')
        (path / "queries.jsonl").write_text('{"_id": "q", "text": "puppy"}\n')
        (path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1\n")
    else:
        rows = [("1", "puppy crashes", "it does", ""), ("2", "crash of the puppy", "", "1")]
        if kind == "bugs":
            path = tmp_path / "bugs.jsonl"
            names = ("id", "title", "description", "duplicate_of")
            path.write_text(
                "".join(f"{json.dumps(dict(zip(names, one, strict=True)))}\n" for one in rows)
            )
        else:
            path = tmp_path / "bugs.csv"
            head = "id,title,description,duplicate_of\n"
            path.write_text(head + "".join(",".join(one) + "\n" for one in rows))
    found = tmp_path / "found.json"
    run(option, str(path), "--json", str(found))
    table = json.loads(found.read_text())[option[2:]]
    assert table["bm25"]["recall"] == [1.0, 1.0]
