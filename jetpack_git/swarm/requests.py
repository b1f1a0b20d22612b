"""Pull requests: a finished task's branch is pushed, and somebody is asked to merge it.

They are opened with `gh` at GitHub or `glab` at GitLab, whichever of them is there and meant by
the address of the remote. A branch has one; it is changed when the branch was.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jetpack_git import ids
from jetpack_git.errors import BadInput
from jetpack_git.errors import Negative
from jetpack_git.errors import StoreError
from jetpack_git.git import worktrees
from jetpack_git.git.run import git
from jetpack_git.models.task import Task
from jetpack_git.review import make
from jetpack_git.review import markdown
from jetpack_git.swarm import branches
from jetpack_git.swarm import harness
from jetpack_git.swarm import processes
from jetpack_git.swarm.clashes import SENDER
from jetpack_git.swarm.integrate import Way
from jetpack_git.swarm.integrate import turn
from jetpack_git.swarm.landed import landed
from jetpack_git.workspace import Workspace

TIMEOUT_S = 120.0
LONGEST_TITLE = 200
OPEN = ("open", "opened")
SHOWN = 300


@dataclass(frozen=True)
class _Request:
    """A pull request as its host knows it. `state` is in lower case."""

    number: int
    url: str
    state: str
    commit: str


def request(workspace: Workspace, task: Task, way: Way) -> tuple[str, str]:
    """`requested` and the address of the pull request for the task's branch, or `merged`.

    Nothing but that branch is pushed. Raises JetpackError when that cannot be; the branch
    stays as it is then.
    """
    with turn(workspace, way):
        return _request(workspace, task, way)


def _request(workspace: Workspace, task: Task, way: Way) -> tuple[str, str]:
    where = Path(workspace.clone.worktree or workspace.clone.common_dir)
    commit = str(task.commit_id)
    tip = worktrees.commit_of(f"refs/heads/{way.base}", cwd=where)
    if tip is not None and landed(workspace.db, tip, commit, cwd=where):
        _keep(workspace, task, "merged", note=way.base, commit=tip)
        return "merged", way.base
    before = workspace.db.one("landing.request", task_id=task.id, commit_id=commit)
    if before is not None:
        return "requested", str(before["url"])
    if not str(task.branch).startswith(branches.FOLDER):
        raise BadInput(
            f"{task.branch} is no branch that a swarm has made, and is not pushed.",
            hint=f"Push it yourself, or correct the branch in the file of {task.id}",
        )
    remote, tool = find(where, way.base)
    at_work = _Tool(workspace, way, task, where)
    at_work.run(
        "git", "push", "--quiet", "--no-follow-tags", "--recurse-submodules=no", remote,
        f"{commit}:refs/heads/{task.branch}",
    )  # fmt: skip
    url = (_github if tool == "gh" else _gitlab)(at_work, _title(task), _body(workspace, task, way))
    _keep(workspace, task, "requested", note=url, commit=commit, url=url)
    return "requested", url


def find(where: Path, base: str) -> tuple[str, str]:
    """The remote to push to, and what opens pull requests there. Raises BadInput."""
    remote = _remote(where, base)
    url = git("remote", "get-url", "--push", remote, cwd=where, check=False) or remote
    path = harness.inherited()["PATH"]
    there = [one for one in ("gh", "glab") if shutil.which(one, path=path)]
    meant = [one for one, name in (("gh", "github"), ("glab", "gitlab")) if name in url.lower()]
    found = [one for one in meant or there if one in there]
    if not found:
        raise BadInput(
            f"{' or '.join(meant) or 'Neither gh nor glab'} is {'not ' if meant else ''}there to "
            f"open a pull request at {_shown(url)}",
            hint="Install it and log in: gh for GitHub, glab for GitLab. Or leave the branches, "
            f"and push them yourself: --integrate leave, git push {remote} BRANCH",
        )
    return remote, found[0]


def _remote(where: Path, base: str) -> str:
    """Where the base comes from, unless git is told to push elsewhere. Raises BadInput."""
    for key in ("remote.pushDefault", f"branch.{base}.remote"):
        said = git("config", key, cwd=where, check=False)
        if said and said != ".":
            return said
    names = git("remote", cwd=where).splitlines()
    if "origin" in names or len(names) == 1:
        return "origin" if "origin" in names else names[0]
    raise BadInput(
        f"It is not known where to push branches of {base} to.",
        hint="Add a remote: git remote add origin URL" if not names
        else "Choose one of the remotes: git config remote.pushDefault NAME",
    )  # fmt: skip


def _shown(url: str) -> str:
    """The address without a password in it."""
    scheme, slashes, rest = url.partition("://")
    host, at, path = rest.rpartition("@")
    return f"{scheme}{slashes}{path}" if slashes and at and host else url


class _Tool:
    """Runs what speaks to a host: never for ever, never asking anybody, ended with the swarm."""

    def __init__(self, workspace: Workspace, way: Way, task: Task, where: Path) -> None:
        self.task = task
        self.base = way.base
        self._way = way
        self._where = where
        self._log = Path(workspace.clone.home, "logs", f"{task.id}.request.log")

    def run(self, *argv: str, given: str | None = None) -> bytes:
        """What the program printed. Raises StoreError when it did not end well."""
        said: list[bytes] = []
        env = harness.inherited() | {
            processes.MARK: ids.incarnation(), "JETPACK_AGENT": self.task.assignee or SENDER,
            "GIT_TERMINAL_PROMPT": "0", "GH_PROMPT_DISABLED": "1", "GLAB_NO_PROMPT": "1",
            "NO_PROMPT": "1",
        }  # fmt: skip
        limits = harness.Limits(wall_s=TIMEOUT_S, grace_s=self._way.config.swarm.stop_grace_s)
        with tempfile.NamedTemporaryFile() as file:
            file.write((given or "").encode("utf-8", "replace"))
            file.flush()
            ended = harness.run(
                list(argv), cwd=self._where, env=env, log=self._log, limits=limits,
                stop=self._way.stop, hurry=self._way.hurry, started=lambda pid: None,
                heard=said.append, stdin=Path(file.name),
            )  # fmt: skip
        what = " ".join(argv[:2])
        if ended.kind == "stopped":
            raise Negative("The swarm was stopped before the pull request was there.")
        if ended.kind != "ended" or ended.code != 0:
            why = (
                f"no end after {TIMEOUT_S:g} s" if ended.kind == "timeout" else ended.tail[-SHOWN:]
            )
            raise StoreError(f"{what} failed: {why}", hint=f"See {self._log}")
        return b"\n".join(said)

    def json(self, *argv: str, given: str | None = None) -> Any:
        """The JSON document that the program printed. Raises StoreError."""
        text = self.run(*argv, given=given)
        try:
            return json.loads(text)
        except ValueError as error:
            raise StoreError(f"{' '.join(argv[:2])} printed no JSON.") from error


def _github(tool: _Tool, title: str, body: str) -> str:
    """The address of the one pull request of the task's branch."""
    branch = str(tool.task.branch)
    found = tool.json(
        "gh", "pr", "list", f"--head={branch}", "--state=all", "--limit=100",
        "--json=number,url,state,headRefOid,isCrossRepository",
    )  # fmt: skip
    keys = ("number", "url", "state", "headRefOid")
    ours = _known(found, keys, lambda one: not one["isCrossRepository"], tool.task)
    if ours is None:
        said = tool.run(
            "gh", "pr", "create", f"--base={tool.base}", f"--head={branch}", f"--title={title}",
            "--body-file=-", given=body,
        )  # fmt: skip
        return _last_word(said)
    if ours.state in OPEN:
        tool.run(
            "gh", "api", "--method=PATCH", "--silent", "--input=-",
            f"repos/{{owner}}/{{repo}}/pulls/{ours.number}",
            given=json.dumps({"title": title, "body": body}),
        )  # fmt: skip
    return ours.url


def _gitlab(tool: _Tool, title: str, body: str) -> str:
    """The address of the one merge request of the task's branch."""
    branch = str(tool.task.branch)
    place = "projects/:id/merge_requests"
    query = f"source_branch={quote(branch, safe='')}&scope=all&per_page=100"
    found = tool.json("glab", "api", f"{place}?{query}")
    keys = ("iid", "web_url", "state", "sha")
    ours = _known(
        found, keys, lambda one: one["source_project_id"] == one["target_project_id"], tool.task
    )  # fmt: skip
    how = ("glab", "api", "--header=Content-Type: application/json", "--input=-")
    fields = {"title": title, "description": body}
    if ours is None:
        fields |= {"source_branch": branch, "target_branch": tool.base}
        made = tool.json(*how, "--method=POST", place, given=json.dumps(fields))
        return str(made["web_url"]) if isinstance(made, dict) and "web_url" in made else ""
    if ours.state in OPEN:
        tool.run(*how, "--method=PUT", f"{place}/{ours.number}", given=json.dumps(fields))
    return ours.url


def _known(
    found: Any, keys: Sequence[str], is_ours: Callable[[dict[str, Any]], bool], task: Task
) -> _Request | None:
    """The pull request to go on with: the open one, else the last one of this very commit.

    That was merged or turned down, and is not asked for again. Requests of forks are others'.
    Raises StoreError when the list cannot be understood.
    """
    try:
        all_of_them = [
            _Request(int(number), str(url), str(state).lower(), str(commit))
            for one in found
            if is_ours(one)
            for number, url, state, commit in [[one[key] for key in keys]]
        ]
    except (TypeError, KeyError, ValueError) as error:
        raise StoreError("The list of pull requests cannot be understood.") from error
    opened = [one for one in all_of_them if one.state in OPEN]
    decided = [one for one in all_of_them if one.commit == task.commit_id]
    return max(opened or decided, key=lambda one: one.number, default=None)


def _title(task: Task) -> str:
    """The task's title in one line."""
    printable = "".join(one if one.isprintable() else " " for one in task.title)
    return " ".join(printable.split())[:LONGEST_TITLE] or task.id


def _body(workspace: Workspace, task: Task, way: Way) -> str:
    """The review of the branch."""
    where = Path(workspace.clone.worktree or workspace.clone.common_dir)
    found = make.review(f"refs/heads/{way.base}...{task.commit_id}", workspace.db, cwd=where)
    return markdown.markdown(found)


def _last_word(said: bytes) -> str:
    """The address in the last line that `gh` printed. Raises StoreError."""
    words = said.decode("utf-8", "replace").split()
    if not words or "://" not in words[-1]:
        raise StoreError("gh pr create told no address of a pull request.")
    return words[-1]


def _keep(
    workspace: Workspace, task: Task, what: str, *, note: str, commit: str, url: str = ""
) -> None:
    with workspace.db.transaction():
        workspace.tasks.journal.event(
            f"integration.{what}", task.id, agent=task.assignee or SENDER, note=note,
            commit=commit, url=url,
        )  # fmt: skip
