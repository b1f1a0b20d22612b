"""git jetpack start"""

from __future__ import annotations

import signal
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import click

from jetpack_git.cli import documents
from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import command
from jetpack_git.cli.watch import JsonLines
from jetpack_git.cli.watch import Lines
from jetpack_git.cli.watch import summary_lines
from jetpack_git.errors import BadInput
from jetpack_git.git import hooks
from jetpack_git.git import worktrees
from jetpack_git.git.run import git
from jetpack_git.models.run import Usage
from jetpack_git.swarm import integrate as integration
from jetpack_git.swarm import kinds
from jetpack_git.swarm import landing
from jetpack_git.swarm import notify
from jetpack_git.swarm.coordinator import Summary
from jetpack_git.swarm.coordinator import Swarm
from jetpack_git.swarm.worker import Job
from jetpack_git.work import settings
from jetpack_git.work.runs import Runs
from jetpack_git.work.strategies import STRATEGIES
from jetpack_git.work.swarms import Swarms
from jetpack_git.workspace import Workspace


def options(function: Callable[..., int]) -> Callable[..., int]:
    """What every command that runs agents can be told."""
    for one in reversed((
        click.option("--adapter", metavar="NAME",
                     help="The agents' program: claude, codex, gemini, opencode, browser …"),
        click.option("--command", "template", metavar="CMD", help="What runs a task, see above."),
        click.option("--strategy", type=click.Choice(list(STRATEGIES)),
                     help="How agents choose tasks."),
        click.option("--integrate", type=click.Choice(["leave", "merge", "pr"]),
                     help="What happens to a finished task's branch."),
        click.option("--base", help="The branch to start from; the current one if not said."),
        click.option("--skills", help="The agents' skills, with commas between; none means any "
                     "task."),
        click.option("--stay", is_flag=True, help="Wait for more work until stopped."),
    )):  # fmt: skip
        function = one(function)
    return function


@command(short_help="Let a swarm of agents work on the ready tasks.")
@click.option("-a", "--agents", type=click.IntRange(1, 256),
              help="How many agents; 1, or what the config says.")  # fmt: skip
@options
def start(frame: Frame, agents: int | None, **said: Any) -> int:
    """Let a swarm of agents work until nothing is ready. Ctrl-C stops it in order.

    Each task is given to an agent's program, in a worktree of its own, on the branch
    jetpack/<id>-<title>; what it leaves uncommitted is committed there. CMD is run without
    a shell, with {task_id}, {prompt_file}, {worktree}, {branch} and {agent} filled in; exit
    status 0 means done. Without both options the config says what runs a task: its agents, or
    swarm.adapter, or swarm.command. Exits 1 when a task was not completed, or not merged.
    With --json each event is a JSON document on a line of its own, and the summary the last one.
    """
    return run(frame, agents, **said)


@command(short_help="Work on the ready tasks as one agent more.")
@click.argument("kind", required=False)
@options
def agent(frame: Frame, kind: str | None, **said: Any) -> int:
    """Work on the ready tasks as one agent more, in this terminal.

    KIND is one of the config's agents. It is what `start -a 1` does: it needs no other swarm to
    run, and gets along with any number of them, in whichever terminal or worktree.
    """
    return run(frame, 1, kind=kind, **said)


def run(
    frame: Frame, size: int | None, *, adapter: str | None, template: str | None,
    strategy: str | None, integrate: str | None, base: str | None, skills: str | None, stay: bool,
    kind: str | None = None,
) -> int:  # fmt: skip
    """The swarm has done its work; the exit code."""
    if adapter and template:
        raise BadInput("--adapter and --command exclude each other.", hint="Give one of them.")
    workspace = frame.workspace
    found = settings.of(workspace.clone, workspace.db, workspace.warnings)
    config = found.swarm
    wanted = sorted({one.strip().lower() for one in (skills or "").split(",")} - {""})
    members = kinds.kinds(
        found, template=template, name=adapter, size=size, skills=wanted, only=kind
    )
    if config.on_event:
        notify.check(config.on_event)
    kinds.check(members)
    name = _base(workspace, base)
    how = integrate or config.integrate
    _check(workspace, name, how, config.stop_grace_s)
    swarms = Swarms(workspace.db)
    row = swarms.begin(base=name, size=len(members), bypass=", ".join(kinds.bypassed(members)))
    job = Job(
        swarm=row.id,
        strategy=strategy or config.strategy,
        base=name,
        integrate=how,
        guarded=found.guard.mode == "block",
        config=found,
        stay=stay,
    )
    runs = Runs(workspace.db)
    watch = _watch(frame, lambda: runs.used(row.id))
    swarm = Swarm(workspace, job, members, report=watch.tell)
    _stop_on_signals(swarm)
    if row.bypass:
        terminal.warn(f"{row.bypass} asks nobody before it acts: the config says so")
    try:
        with watch:
            summary = swarm.run()
    finally:
        swarms.end(row.id)
    left = workspace.tasks.counts()
    used = sum(runs.used(row.id).values(), start=Usage())
    frame.answer(
        _document(summary) | {"counts": left, "used": documents.usage(used)},
        summary_lines(summary, left, used),
    )
    if swarm.stop.asked():
        return 130
    return 0 if summary.went_well else 1


def _watch(frame: Frame, used: Callable[[], Mapping[str, Usage]]) -> Lines:
    """A table where a person can see it, else lines: plain ones, or JSON."""
    if frame.json:
        return JsonLines()
    if not terminal.is_terminal():
        return Lines()
    from jetpack_git.cli.table import Table

    return Table(used)


def _base(workspace: Workspace, base: str | None) -> str:
    """The branch that tasks start from and are merged into. Raises BadInput."""
    where = Path(workspace.clone.worktree or workspace.clone.common_dir)
    name = base or worktrees.current_branch(where)
    if name is None:
        raise BadInput("HEAD is on no branch.", hint="Say which branch to use: --base BRANCH")
    if worktrees.commit_of(f"refs/heads/{name}", cwd=where) is None:
        if base is None:
            raise BadInput(f"{name} has no commit yet.", hint="Make a first commit.")
        raise BadInput(f"There is no branch {name!r}.", hint="See them with: git branch")
    return name


def _check(workspace: Workspace, base: str, how: str, grace_s: float) -> None:
    """Warns of what would go wrong later; raises BadInput where that would be for sure."""
    root = workspace.clone.worktree
    where = Path(root or workspace.clone.common_dir)
    landing.check_way(how, base, where, terminal.warn)
    for said in integration.settle(workspace, grace_s=grace_s):
        terminal.warn(said)
    states = hooks.status(where)
    if not all(one.stands for one in states):
        terminal.warn("the guard's hooks are not all installed; see: git jetpack doctor")
    if root is None or worktrees.current_branch(where) != base:
        return
    loose = git("status", "--porcelain", "--untracked-files=all", "--", ".tasks", cwd=where)
    if loose and how == integration.MERGE:
        raise BadInput(
            f"{len(loose.splitlines())} files under .tasks/ are not committed; the merges into "
            f"{base} would meet them.",
            hint="Commit them first: git add .tasks && git commit -m 'Plan the work'",
        )
    if loose:
        terminal.warn("files under .tasks/ are not committed; merging branches will meet them")


def _stop_on_signals(swarm: Swarm) -> None:
    """The first signal stops the swarm in order, the second one at once.

    A signal that is ignored (under `nohup`, or in the background) stays ignored.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        swarm.ask_to_stop()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, stop)


def _document(summary: Summary) -> dict[str, object]:
    return {
        "went_well": summary.went_well,
        "broken": summary.broken,
        "results": [
            {"task": documents.task(task), "agent": agent, "result": what}
            for task, agent, what in summary.results
        ],
    }
