"""The comment on a pull request at GitHub, or a merge request at GitLab.

There is one, which is changed when the branch moves on. It is known by its first line and by its
author, because anybody could write that line.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import NamedTuple

from jetpack_git.errors import BadInput
from jetpack_git.errors import StoreError
from jetpack_git.review.markdown import MARK

VARIABLE = "GIT_JETPACK_TOKEN"
PAGE = 100
TIMEOUT_S = 30
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _Forge(NamedTuple):
    """Where the comments of one request are, and how ours is known and changed.

    `listing` and `one` are addresses, `change` the method that changes a comment.
    """

    listing: str
    one: str
    change: str
    headers: dict[str, str]
    author: str


def post(text: str, environment: Mapping[str, str]) -> None:
    """The comment holds the text. Raises BadInput outside of such a job, StoreError if refused."""
    token = environment.get(VARIABLE, "")
    if not token:
        raise BadInput(f"{VARIABLE} is not set.", hint="Give the step the token of its job.")
    if environment.get("GITHUB_ACTIONS") == "true":
        forge = _github(environment, token)
    elif environment.get("GITLAB_CI") == "true":
        forge = _gitlab(environment, token)
    else:
        raise BadInput("This is no job of GitHub Actions or GitLab CI.", hint="Leave out --post.")
    ours = next((one for one in _comments(forge) if _is_ours(one, forge)), None)
    if ours is None:
        _ask("POST", forge.listing, forge.headers, {"body": text})
    elif ours["body"] != text:
        _ask(forge.change, f"{forge.one}/{ours['id']}", forge.headers, {"body": text})


def _github(environment: Mapping[str, str], token: str) -> _Forge:
    """By the event that started the job."""
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        with open(path, encoding="utf-8") as file:
            number = int(json.load(file)["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            "The event that started this job is no pull request.", hint="Write: on: pull_request"
        ) from error
    repository = f"{_said(environment, 'GITHUB_API_URL')}/repos/" + urllib.parse.quote(
        _said(environment, "GITHUB_REPOSITORY")
    )
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    return _Forge(
        f"{repository}/issues/{number}/comments", f"{repository}/issues/comments", "PATCH",
        headers, _user(f"{_said(environment, 'GITHUB_API_URL')}/user", headers),
    )  # fmt: skip


def _user(url: str, headers: Mapping[str, str]) -> str:
    """The id of the token's user; "" for a job's own token, which may not ask and is a bot's."""
    try:
        return str(_ask("GET", url, headers)["id"])
    except (StoreError, KeyError, TypeError):
        return ""


def _gitlab(environment: Mapping[str, str], token: str) -> _Forge:
    api = _said(environment, "CI_API_V4_URL")
    project = urllib.parse.quote(_said(environment, "CI_PROJECT_ID"), safe="")
    request = urllib.parse.quote(_said(environment, "CI_MERGE_REQUEST_IID"), safe="")
    notes = f"{api}/projects/{project}/merge_requests/{request}/notes"
    headers = {"PRIVATE-TOKEN": token}
    me = str(_ask("GET", f"{api}/user", headers)["id"])
    return _Forge(notes, notes, "PUT", headers, me)


def _said(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise BadInput(f"{name} is not set.", hint="Run this in a job for a pull request.")
    return environment[name]


def _is_ours(comment: Mapping[str, Any], forge: _Forge) -> bool:
    """Whether we wrote it. A job's own token does not know who it is, but that is a bot."""
    if not str(comment.get("body") or "").startswith(MARK):
        return False
    if forge.author:
        writer = comment.get("author") or comment.get("user") or {}
        return str(writer.get("id")) == forge.author
    return (comment.get("user") or {}).get("type") == "Bot"


def _comments(forge: _Forge) -> Iterator[Mapping[str, Any]]:
    page = 1
    while True:
        found = _ask("GET", f"{forge.listing}?per_page={PAGE}&page={page}", forge.headers)
        yield from found
        if len(found) < PAGE:
            return
        page += 1


class _Stay(urllib.request.HTTPRedirectHandler):
    """No redirection is followed: the token is for that host alone."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def _ask(
    method: str, url: str, headers: Mapping[str, str], body: Mapping[str, str] | None = None
) -> Any:
    """The answer. Raises StoreError, which says what the host said and never the token."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise BadInput(f"{url!r:.60} is no https address.", hint="A token is sent there.")
    data = json.dumps(body).encode() if body is not None else None
    sent = {**headers, "Content-Type": "application/json", "User-Agent": "git-jetpack"}
    request = urllib.request.Request(  # noqa: S310 - the scheme was looked at above
        url, data=data, headers=sent, method=method
    )
    try:
        opener = urllib.request.build_opener(_Stay)
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return json.loads(answer.read())
    except (urllib.error.URLError, ValueError, OSError) as error:
        code = error.code if isinstance(error, urllib.error.HTTPError) else None
        why = f"status {code}" if code else str(getattr(error, "reason", error))
        raise StoreError(
            f"The comment cannot be written: {parts.hostname} said {why}.",
            hint="A job needs the right to write pull requests; on a fork's it has none."
            if code in (401, 403)
            else "",
        ) from error
