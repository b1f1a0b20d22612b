"""The review of a branch, from what git has: no checkout and no database is needed."""

from __future__ import annotations

from pathlib import Path

from jetpack_git.data.database import Database
from jetpack_git.errors import BadInput
from jetpack_git.git import compare
from jetpack_git.git import objects
from jetpack_git.mirror import files
from jetpack_git.mirror import read
from jetpack_git.models.config import Config
from jetpack_git.models.parse import sections
from jetpack_git.models.review import Review
from jetpack_git.review import entries
from jetpack_git.review import learned
from jetpack_git.review.findings import findings
from jetpack_git.review.sides import Sides

CONFIG = ".jetpack/config.yaml"


def review(branches: str | None, db: Database | None, *, cwd: Path) -> Review:
    """What a branch does: `BASE...HEAD`, or `BASE` alone; without it, HEAD against the main one.

    The settings are those of the tip of BASE, so that a branch cannot excuse itself. `db` knows
    what was reserved. Raises BadInput when there is no such commit, or no common one.
    """
    base, head = _ends(branches, cwd)
    tip = compare.commit_id(base, cwd=cwd)
    there = compare.commit_id(head, cwd=cwd)
    sides = Sides(cwd, compare.merge_base(tip, there, cwd=cwd), there)
    return Review(
        base=sides.base,
        head=sides.head,
        entries=tuple(entries.entries(sides)),
        unblocked=tuple(entries.unblocked(sides)),
        plans=tuple(entries.plans(sides, _titles(sides))),
        memories=tuple(learned.learned(sides)),
        findings=tuple(findings(sides, _settings(tip, cwd).review, db)),
    )


def _ends(branches: str | None, cwd: Path) -> tuple[str, str]:
    if branches is None:
        return compare.default_base(cwd=cwd), "HEAD"
    base, _, head = branches.partition("..")
    head = head.removeprefix(".")
    return base or "HEAD", head or "HEAD"


def _settings(revision: str, cwd: Path) -> Config:
    name = f"{revision}:{CONFIG}"
    data = objects.blobs([name], cwd=cwd, fetch=True).get(name, b"")
    return sections.config(data.decode("utf-8", "replace"), source=f"{CONFIG} of {revision[:12]}")


def _titles(sides: Sides) -> dict[str, str]:
    """What each plan is called whose progress differs."""
    wanted = {*sides.before.progress.items()} ^ {*sides.after.progress.items()}
    found = {}
    names = {f"{sides.head}:{files.plan_path(plan)}": plan for plan, _ in wanted}
    for name, data in objects.blobs(names, cwd=sides.cwd, fetch=True).items():
        try:
            found[names[name]] = read.plan(data, files.plan_path(names[name]))[0].title
        except BadInput:
            continue  # it is told by its id
    return found
