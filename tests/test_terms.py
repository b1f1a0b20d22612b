"""Words of the full-text index: what finds what, and that nothing in a question is syntax."""

from __future__ import annotations

import apsw
import pytest
from conftest import Repo
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from jetpack_git.data import database
from jetpack_git.data.database import Database
from jetpack_git.data.memories import put
from jetpack_git.models import terms
from jetpack_git.models.memory import Memory
from jetpack_git.work.recall import Asked
from jetpack_git.work.recall import recall

NOW = "2026-01-01T00:00:00.000Z"


def filled(*texts: str) -> Database:
    """A database with a memory of each text, whose id is its number."""
    db = database.in_memory()
    with db.transaction_quietly():
        for number, text in enumerate(texts):
            put(db, Memory(str(number), "-", text, created_at=NOW, updated_at=NOW))
    return db


def found(db: Database, question: str) -> set[str]:
    """The ids that the question finds."""
    return {one.memory.id for one in recall(db, question, Asked(), limit=99).found}


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("see parseConfig", "parse_config"),
        ("see parse_config", "parseConfig"),
        ("see parse_config", "parseconfig"),
        ("see HTTPServerError", "http server error"),
        ("in work/settings.py", "settings.py"),
        ("in work/settings.py", "work settings"),
        ("jetpack_git.mirror.load fails", "mirror.load"),
        ("sha256 of it", "sha-256"),
        ("deploying the caches", "deploy cache"),
        ("naïve café", "naive CAFE"),
        ("数据库被锁定了", "据库"),
        ("数据库被锁定了", "锁"),
        ("数据库被锁定了", "了"),
        ("データベースがロックされた", "ロック"),
        ("ฐานข้อมูลถูกล็อก", "ข้อมูล"),
        ("\uff46\uff55\uff4c\uff4c width", "full"),
    ],
)
def test_this_finds_that(text: str, question: str) -> None:
    """And finds nothing else."""
    db = filled(text, "nothing of that kind 天气 อากาศ")
    assert found(db, question) == {"0"}


def test_stop_words_find_nothing_where_there_are_others() -> None:
    """Where there are no others they do."""
    db = filled("the locks", "of the files")
    assert found(db, "what of the locks") == {"0"}
    assert found(db, "of the") == {"0", "1"}


@given(st.text(max_size=200))
@example('"')
@example('a AND NOT (b OR "c')
@example("NEAR(a b, 3) - * ^ : + {x} title:y")
@example("\0 a \0")
@example("\ud800")
@example("数 NEAR 数*")
def test_no_question_is_an_error(question: str) -> None:
    """Whatever is in it."""
    found(DB, question)


DB = filled('a "b" NEAR -c', "the", "数据")


@given(st.text(alphabet="数据库被锁定了ทดสอบคน", min_size=2, max_size=20), st.data())
def test_any_piece_of_a_text_without_spaces_is_found(text: str, data: st.DataObject) -> None:
    """Of two or more characters, wherever it stands."""
    begin = data.draw(st.integers(0, len(text) - 2))
    end = data.draw(st.integers(begin + 2, len(text)))
    assert found(filled(f"x {text} y"), text[begin:end]) == {"0"}


def test_a_long_question_is_cut(repo: Repo) -> None:
    """Ten megabytes are read, and are no error."""
    repo.ok("remember", "About the locks")
    question = "locks " + "word " * 2_000_000
    import subprocess

    from conftest import SCRIPT

    done = subprocess.run(
        [SCRIPT, "recall", "-"], cwd=repo.path, input=question.encode(), capture_output=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"About the locks" in done.stdout
    bad = subprocess.run(
        [SCRIPT, "recall", b"\xff\xfe"], cwd=repo.path, capture_output=True, check=False
    )
    assert bad.returncode == 1


def test_many_memories_are_asked_for_rare_words_first() -> None:
    """Common ones then only help; what has a rare word is found as before."""
    db = filled(*["common word here"] * 30, "common rare thing", "rare alone", "common thing")
    whole = recall(db, "common rare thing", Asked(), limit=99)
    assert len(whole.found) == 4, "thirty that are alike are one"
    import jetpack_git.work.retrievers as module

    few = module.FEW
    try:
        module.FEW = 2
        part = recall(db, "common rare thing", Asked(), limit=99)
    finally:
        module.FEW = few
    assert [one.memory.id for one in part.found] == ["30", "31"]
    assert whole.found[0].memory.id == "30"


def test_the_index_is_of_what_there_is() -> None:
    """A memory that changed or went is not found by its old words."""
    db = filled("old words")
    (row,) = db.all("memories.these", ids='["0"]')
    from jetpack_git.data.memories import to_memory

    memory = to_memory(row)
    with db.transaction_quietly():
        put(db, Memory("0", "-", "new text", created_at=NOW, updated_at=NOW), before=memory)
    assert (found(db, "old"), found(db, "new")) == (set(), {"0"})
    db.run("memories.delete", id="0")
    assert found(db, "new") == set()
    with pytest.raises(apsw.SQLError):
        db.backend._connection.execute("SELECT seq FROM memory_index")


def test_phrases_are_few() -> None:
    """However many words there are."""
    assert len(terms.phrases(" ".join(f"w{at}" for at in range(999)))) == terms.MOST_TERMS
