"""git jetpack sync"""

from __future__ import annotations

import os

import click

from jetpack_git.cli import terminal
from jetpack_git.cli.frame import Frame
from jetpack_git.cli.frame import busy_timeout_s
from jetpack_git.cli.frame import command
from jetpack_git.cli.frame import here
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.errors import NotFound
from jetpack_git.ids import MEMORY_PREFIX
from jetpack_git.mirror import export
from jetpack_git.mirror import files
from jetpack_git.mirror import load
from jetpack_git.mirror.report import Report
from jetpack_git.work.conflicts import tell
from jetpack_git.workspace import Workspace
from jetpack_git.workspace import open_workspace


@command(short_help="Load what is new in the task files.")
@click.argument("task_ids", metavar="[ID]...", nargs=-1)
@click.option("--from-files", is_flag=True, help="Let the files win (of all tasks, or of these).")
@click.option("--from-database", is_flag=True, help="Write these tasks' files anew.")
def sync(frame: Frame, task_ids: tuple[str, ...], from_files: bool, from_database: bool) -> int:
    """Load what is new in the task files of this worktree.

    Where a file and the database were both changed they are merged, field by field. What both
    changed is told (exit 1), and waits for: git jetpack resolve
    """
    if (from_files and from_database) or (task_ids and not (from_files or from_database)):
        raise BadInput(
            "Ids go with either --from-files or --from-database.",
            hint="To load all that is new, run: git jetpack sync",
        )
    workspace = frame.workspace
    root = workspace.clone.worktree
    if root is None:
        raise BadInput("There are no files in a bare repository.", hint="Run it in a worktree.")
    if from_database:
        if not task_ids:
            raise BadInput(
                "Name the tasks whose files are to be written anew.",
                hint="Find them with: git jetpack doctor --dry-run",
            )
        found = [_noun(workspace, one) for one in task_ids]
        for kind, one in found:
            export.overwrite(workspace.db, root, kind, one)
        ids = [one for _, one in found]
        frame.answer({"written": ids}, f"wrote {len(found)} files")
        return 0
    force = [_file_of(workspace, root, one) for one in task_ids] if from_files else None
    with terminal.progress_bar("Loading", 2 * files.count(root)) as progress:
        report = load.load(workspace.db, root, force=force, progress=progress)
    tell(workspace.db, report.clashed)
    return answer(frame, report)


def _file_of(workspace: Workspace, root: str, text: str) -> str:
    """The id of the task whose file here is meant. Raises NotFound."""
    if os.path.lexists(f"{root}/{files.task_path(text)}"):
        return text
    kind, task_id = _noun(workspace, text)
    if kind == "memory":
        return task_id
    if not os.path.lexists(f"{root}/{files.task_path(task_id)}"):
        raise NotFound(
            f"{files.task_path(task_id)} is not in this worktree.",
            hint=f"Write it with: git jetpack sync --from-database {task_id}",
        )
    return task_id


def _noun(workspace: Workspace, text: str) -> tuple[str, str]:
    """The kind and the whole id of a task or a memory. Raises NotFound."""
    if text.startswith(f"{MEMORY_PREFIX}-"):
        from jetpack_git.work.memories import Memories

        return "memory", Memories(workspace.db).get(text).id
    return "task", workspace.tasks.get(text).id


def answer(frame: Frame, report: Report) -> int:
    """The exit code of a load, once it has been told what was loaded."""
    document: dict[str, object] = {
        "added": report.added, "updated": report.updated, "deleted": report.deleted,
        "memories": report.memories, "conflicts": report.conflicts, "errors": report.errors,
        "warnings": report.warnings,
    }  # fmt: skip
    frame.answer(document, _counts(report))
    if not frame.json:
        for one in report.warnings + report.conflicts:
            terminal.warn(one)
        for one in report.errors:
            terminal.complain(one)
    return 2 if report.errors else 1 if report.conflicts else 0


def load_quietly() -> None:
    """What came with the task files is in the database, or standard error says why not.

    For git's hooks: git has done its work, so nothing here may look like its failure.
    """
    try:
        workspace = open_workspace(here(), busy_timeout_s=busy_timeout_s())
    except JetpackError:
        return  # not set up: there is nothing to load into
    try:
        root = workspace.clone.worktree
        report = load.load(workspace.db, root) if root is not None else Report()
        tell(workspace.db, report.clashed)
        if report.added or report.updated or report.deleted or report.memories:
            terminal.remark(f"tasks: {_counts(report)}")
        for one in workspace.warnings + report.warnings + report.conflicts:
            terminal.warn(one)
        for one in report.errors:
            terminal.complain(one)
    except JetpackError as error:
        terminal.warn(f"task files are not loaded: {error.message} Run: git jetpack sync")
    finally:
        workspace.close()


def _counts(report: Report) -> str:
    gone = f", {len(report.deleted)} deleted" if report.deleted else ""
    memories = f", {len(report.memories)} memories" if report.memories else ""
    return f"{len(report.added)} tasks added, {len(report.updated)} updated{gone}{memories}"
