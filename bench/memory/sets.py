"""Sets of questions with known answers: our own, and public ones from files given by path."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

OWN = Path(__file__).resolve().parent / "own"


@dataclass(frozen=True)
class Set:
    """Documents by id (a title and a text), and questions, each with the ids that answer it.

    A grade of 2 answers a question, 1 helps. What is `skipped` for a question is no answer: a
    bug report is not its own duplicate.
    """

    name: str
    documents: dict[str, tuple[str, str]]
    questions: list[tuple[str, dict[str, int]]]
    skipped: list[str] = field(default_factory=list)


def own() -> Iterator[Set]:
    """The set that ships with the project."""
    documents = {
        str(one["id"]): (str(one["title"]), str(one["body"]))
        for one in _lines(OWN / "corpus.jsonl")
    }
    questions = [
        (str(one["query"]), {str(key): int(grade) for key, grade in one["relevant"].items()})
        for one in _lines(OWN / "queries.jsonl")
    ]
    yield Set("own", documents, questions)


def locomo(path: Path) -> Iterator[Set]:
    """LoCoMo (Maharana et al. 2024), `locomo10.json`: a set for each conversation.

    Its documents are the turns, written as its authors do for their own retrieval
    (`task_eval/dpr_qa.py`): the session's date, the speaker, the text, and what a picture shows.
    Its questions are those with evidence, the adversarial ones (category 5) left out.
    """
    for number, one in enumerate(json.loads(path.read_text(encoding="utf-8")), start=1):
        documents = {}
        talk = one["conversation"]
        for name, turns in talk.items():
            if not name.startswith("session_") or not isinstance(turns, list):
                continue
            when = talk.get(f"{name}_date_time", "")
            for turn in turns:
                text = f'({when}) {turn["speaker"]} said, "{turn.get("text", "")}"'
                seen = turn.get("blip_caption")
                documents[turn["dia_id"]] = ("", f"{text}\n[shares {seen}]" if seen else text)
        questions = []
        for asked in one["qa"]:
            ids = {
                part.strip()
                for said in asked.get("evidence") or ()
                for part in str(said).replace(";", " ").replace(",", " ").split()
            } & documents.keys()
            if ids and asked.get("category") != 5:
                questions.append((str(asked["question"]), dict.fromkeys(ids, 1)))
        yield Set(f"locomo {number}", documents, questions)


def cosqa(path: Path) -> Iterator[Set]:
    """CoSQA (Huang et al. 2021), in one of three forms.

    A folder as its authors publish it (`code_idx_map.txt`, all code by its number, and
    `cosqa-retrieval-test-500.json`), a folder as BEIR has them (`corpus.jsonl`,
    `queries.jsonl`, `qrels/test.tsv`), or a JSON list of pairs: `doc` is the question, and
    `label` is 1 if the `code` answers it.
    """
    if not path.is_dir():
        pairs = json.loads(path.read_text(encoding="utf-8"))
        ids: dict[str, str] = {}
        for pair in pairs:
            ids.setdefault(pair["code"], str(len(ids)))
        yield _coded(ids, ((one, ids[one["code"]]) for one in pairs))
    elif (path / "code_idx_map.txt").is_file():
        numbers = json.loads((path / "code_idx_map.txt").read_text(encoding="utf-8"))
        asked = json.loads((path / "cosqa-retrieval-test-500.json").read_text(encoding="utf-8"))
        ids = {code: str(number) for code, number in numbers.items()}
        yield _coded(ids, ((one, str(one["retrieval_idx"])) for one in asked))
    else:
        yield _beir(path, "cosqa")


def _coded(ids: dict[str, str], pairs: Iterable[tuple[dict[str, Any], str]]) -> Set:
    """CoSQA with that code, by its id, and these questions, each with the id of its answer."""
    found: dict[str, dict[str, int]] = {}
    for pair, key in pairs:
        if int(pair.get("label", 1)) == 1:
            found.setdefault(pair["doc"], {})[key] = 1
    return Set("cosqa", {key: ("", code) for code, key in ids.items()}, list(found.items()))


def _beir(folder: Path, name: str) -> Set:
    documents = {
        str(one["_id"]): (str(one.get("title") or ""), str(one["text"]))
        for one in _lines(folder / "corpus.jsonl")
    }
    texts = {str(one["_id"]): str(one["text"]) for one in _lines(folder / "queries.jsonl")}
    answers: dict[str, dict[str, int]] = {}
    with (folder / "qrels" / "test.tsv").open(encoding="utf-8") as file:
        for row in list(csv.reader(file, delimiter="\t"))[1:]:
            if int(row[2]) > 0:
                answers.setdefault(row[0], {})[row[1]] = int(row[2])
    return Set(name, documents, [(texts[key], one) for key, one in answers.items()])


def bugs(path: Path) -> Iterator[Set]:
    """Bug reports, some of which are duplicates: JSON lines or CSV.

    With `id`, `title`, `description` (or `body`) and `duplicate_of` (or `dup_id`). A duplicate
    asks with its title and text; the report that it repeats, and its other duplicates, answer.
    """
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        rows = list(_lines(path))
    documents, master = {}, {}
    for one in rows:
        key = str(one["id"])
        documents[key] = (str(one["title"]), str(one.get("description") or one.get("body") or ""))
        first = one.get("duplicate_of") or one.get("dup_id")
        master[key] = str(first) if first else key
    groups: dict[str, set[str]] = {}
    for key, first in master.items():
        groups.setdefault(first, {first} & documents.keys()).add(key)
    questions, skipped = [], []
    for key, first in master.items():
        others = groups[first] - {key}
        if first != key and others:
            questions.append((" ".join(documents[key]), dict.fromkeys(others, 1)))
            skipped.append(key)
    yield Set("bugs", documents, questions, skipped)


def _lines(path: Path) -> Iterator[dict[str, object]]:  # type: ignore[type-arg]
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)
