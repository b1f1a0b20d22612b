"""The action and the GitLab job: one comment on a pull request, changed when the branch moves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import SCRIPT
from conftest import Repo

from jetpack_git.review.markdown import MARK

ROOT = Path(__file__).parents[1]
SECRET = "a-secret-token"  # noqa: S105 - nobody else knows it


class Forge(ThreadingHTTPServer):
    """Enough of both hosts' API: comments in pages, and who wrote them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.answer: int | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, body: str, user: str, kind: str) -> None:
        """One more comment is there."""
        number = len(self.comments) + 1
        self.comments.append(
            {"id": number, "body": body, "user": {"type": kind}, "author": {"id": user}}
        )


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Forge

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def _answer(self, found: object, code: int = 200) -> None:
        data = json.dumps(found).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _body(self) -> str:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert list(said) == ["body"]
        return str(said["body"])

    def _begin(self) -> bool:
        path = self.path.partition("?")[0]
        self.server.asked.append(f"{self.command} {path}")
        sent = (self.headers.get("Authorization"), self.headers.get("PRIVATE-TOKEN"))
        assert sent in ((f"Bearer {SECRET}", None), (None, SECRET))
        if self.server.answer is not None:
            self._answer({}, self.server.answer)
        return self.server.answer is None

    def do_GET(self) -> None:
        """The user, or a page of comments."""
        if self._begin():
            if self.path == "/user":
                self._answer({"id": "me"})
            else:
                page = int(self.path.rpartition("page=")[2])
                self._answer(self.server.comments[100 * (page - 1) : 100 * page])

    def do_POST(self) -> None:
        """One more comment."""
        if self._begin():
            self.server.add(self._body(), "me", "Bot")
            self._answer(self.server.comments[-1], 201)

    def do_PATCH(self) -> None:
        """A comment is changed."""
        if self._begin():
            one = self.server.comments[int(self.path.rpartition("/")[2]) - 1]
            one["body"] = self._body()
            self._answer(one)

    do_PUT = do_PATCH  # noqa: N815 - so the library wants it


@pytest.fixture
def forge() -> Iterator[Forge]:
    """A host that listens on loopback."""
    server = Forge()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def branch(repo: Repo) -> Repo:
    """A repository whose branch finishes a task."""
    task = repo.add("One")
    repo.commit("Task")
    repo.git("switch", "--quiet", "-c", "feature")
    repo.ok("claim", task)
    repo.ok("done", task)
    repo.commit("Work")
    return repo


def github(forge: Forge, tmp_path: Path, event: str = "opened") -> dict[str, str]:
    """What GitHub tells a job."""
    return {
        "GITHUB_ACTIONS": "true", "GITHUB_API_URL": forge.url, "GITHUB_REPOSITORY": "octo/repo",
        "GITHUB_EVENT_PATH": str(ROOT / "tests" / "events" / f"{event}.json"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_ACTION_PATH": str(ROOT),
        "RUNNER_TEMP": str(tmp_path / "runner"), "GIT_JETPACK_TOKEN": SECRET,
    }  # fmt: skip


def gitlab(forge: Forge) -> dict[str, str]:
    """What GitLab tells a job."""
    return {
        "GITLAB_CI": "true", "CI_API_V4_URL": forge.url, "CI_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "12", "GIT_JETPACK_TOKEN": SECRET,
    }  # fmt: skip


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_there_is_one_comment_which_is_changed(
    branch: Repo, forge: Forge, tmp_path: Path, host: str
) -> None:
    """Behind a page of others' comments, one of which claims to be ours."""
    environment = github(forge, tmp_path) if host == "github" else gitlab(forge)
    forge.add(f"{MARK}\nForged", "somebody", "User")
    for number in range(150):
        forge.add(str(number), "somebody", "User")
    assert branch.jetpack("review", "main...HEAD", "--post", **environment).code == 0
    assert forge.comments[-1]["body"].startswith(f"{MARK}\n## Tasks: 1 finished\n")
    said = branch.jetpack("review", "main...HEAD", "--post", **environment)
    assert (said.code, len(forge.comments)) == (0, 152)
    branch.add("Two")
    branch.commit("More")
    branch.jetpack("review", "main...HEAD", "--post", **environment)
    assert len(forge.comments) == 152
    assert "1 finished, 1 created" in forge.comments[-1]["body"]
    assert forge.comments[0]["body"] == f"{MARK}\nForged"
    changes = [one for one in forge.asked if not one.startswith("GET")]
    assert changes == (
        ["POST /repos/octo/repo/issues/12/comments", "PATCH /repos/octo/repo/issues/comments/152"]
        if host == "github"
        else [
            "POST /projects/7/merge_requests/12/notes",
            "PUT /projects/7/merge_requests/12/notes/152",
        ]
    )


@pytest.mark.parametrize(("status", "code"), [(403, 3), (500, 3), (302, 3)])
def test_a_host_that_refuses_is_told_without_the_token(
    branch: Repo, forge: Forge, tmp_path: Path, status: int, code: int
) -> None:
    """No redirection is followed."""
    forge.answer = status
    said = branch.jetpack("review", "main...HEAD", "--post", **github(forge, tmp_path))
    assert (said.code, f"said status {status}." in said.err) == (code, True)
    assert SECRET not in said.err + said.out


def test_post_is_for_the_job_of_a_pull_request(branch: Repo, forge: Forge, tmp_path: Path) -> None:
    """Elsewhere it is bad input, and nothing is sent."""
    right = github(forge, tmp_path)
    for wrong in (
        {},
        {"GIT_JETPACK_TOKEN": SECRET},
        right | {"GIT_JETPACK_TOKEN": ""},
        github(forge, tmp_path, "pushed"),
        right | {"GITHUB_EVENT_PATH": "/nowhere"},
        right | {"GITHUB_API_URL": "http://example.invalid"},
        gitlab(forge) | {"CI_MERGE_REQUEST_IID": ""},
    ):
        assert branch.jetpack("review", "main...HEAD", "--post", **wrong).code == 2
    assert forge.asked == []


@pytest.mark.parametrize(("check", "code"), [("true", 1), ("false", 0)])
def test_the_action_posts_and_writes_the_summary(
    branch: Repo, forge: Forge, tmp_path: Path, check: str, code: int
) -> None:
    """Its last step, run as a runner does, with a task that goes backwards."""
    branch.git("branch", "--force", "main")
    (one,) = (branch.path / ".tasks").glob("*.md")
    one.write_text(one.read_text().replace("status: completed", "status: pending"))
    branch.commit("Backwards")
    done = step(branch, github(forge, tmp_path), check)
    assert done.returncode == code, done
    assert (tmp_path / "summary").read_text() == forge.comments[0]["body"]
    assert "1 reopened" in forge.comments[0]["body"]


def test_the_action_goes_on_where_it_may_not_write(
    branch: Repo, forge: Forge, tmp_path: Path
) -> None:
    """As on the pull request of a fork: the summary is there, and a warning."""
    forge.answer = 403
    done = step(branch, github(forge, tmp_path), "true")
    assert done.returncode == 0, done
    assert "::warning::" in done.stdout
    assert "1 finished" in (tmp_path / "summary").read_text()


def step(branch: Repo, environment: dict[str, str], check: str) -> subprocess.CompletedProcess[str]:
    """The last step of the action."""
    runner = Path(environment["RUNNER_TEMP"])
    (runner / "git-jetpack" / "bin").mkdir(parents=True)
    (runner / "git-jetpack" / "bin" / "git-jetpack").symlink_to(SCRIPT)
    *_, last = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    assert set(last["env"]) == {"BASE", "HEAD", "CHECK", "GIT_JETPACK_TOKEN"}
    said = {
        name: branch.git("rev-parse", one) for name, one in (("BASE", "main"), ("HEAD", "HEAD"))
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", last["run"]],
        cwd=branch.path, env=os.environ | environment | said | {"CHECK": check},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ("vendor.github-actions", "action.yml"),
        ("vendor.github-workflows", ".github/workflows/tasks.yml"),
    ],
)
def test_the_action_is_as_github_wants_it(schema: str, path: str) -> None:
    """By the published schema."""
    lint = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [lint, "--builtin-schema", schema, str(ROOT / path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_jobs_in_the_documentation_are_as_the_hosts_want_them(tmp_path: Path) -> None:
    """Both, by the published schemas; and what the GitLab job runs is a command of ours."""
    parts = (ROOT / "docs" / "review.md").read_text().split("```yaml\n")[2:]
    lint = Path(sys.executable).with_name("check-jsonschema")
    for schema, part in zip(("github-workflows", "gitlab-ci"), parts, strict=True):
        file = tmp_path / f"{schema}.yml"
        file.write_text(part.partition("```")[0])
        done = subprocess.run(
            [lint, "--builtin-schema", f"vendor.{schema}", str(file)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
