"""Makes the documentation that follows from the code: commands, man page and states.

`python docs/generate.py` writes all of it; with `--check` it fails when a file is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from jetpack_git.cli.main import cli
from jetpack_git.models import transitions
from jetpack_git.work import claims
from jetpack_git.work import metrics
from jetpack_git.work import strategies

DOCS = Path(__file__).parent
WIDTH = 90
TITLE = "git-jetpack"


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command that a user sees, with its full name, groups before what is in them."""
    context = click.Context(
        cli, info_name="git jetpack", terminal_width=WIDTH, help_option_names=["-h", "--help"]
    )
    yield "git jetpack", cli, context
    yield from _below(cli, context)


def _below(
    group: click.Group, context: click.Context
) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, terminal_width=WIDTH)
        yield inner.command_path, command, inner
        if isinstance(command, click.Group):
            yield from _below(command, inner)


def reference() -> str:
    """The text of docs/cli.md."""
    parts = [
        "# Commands\n",
        "<!-- Made from the code by docs/generate.py; do not edit. -->\n",
        "Every command takes `--json` (one JSON document on stdout, errors included; `start`,\n"
        "`agent` and `attach` print one a line, as things happen) and `--as NAME` anywhere after\n"
        "the verb; `--` ends the options.\n",
        "Exit codes: 0 done; 1 the answer is no (nothing ready, a conflict found); 2 wrong usage\n"
        "or bad input; 3 the store or git failed; 4 a race was lost; 130 interrupted.\n",
    ]
    for name, command, context in commands():
        parts.append(f"## {name}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def manual() -> str:
    """The text of the man page."""
    lines = [
        f'.TH "GIT\\-JETPACK" "1" "" "{TITLE}" "Git Manual"',
        ".SH NAME",
        "git\\-jetpack \\- coordinate a swarm of coding agents in one git repository",
        ".SH SYNOPSIS",
        ".B git jetpack",
        "\\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        *_paragraphs(cli.help or ""),
        ".SH COMMANDS",
    ]
    for name, command, context in commands():
        if command is not cli:
            lines += _manual_entry(name, command, context)
    lines += [
        ".SH EXIT STATUS",
        "0 done; 1 the answer is no; 2 wrong usage or bad input; 3 the store or git failed;",
        "4 a race was lost; 130 interrupted.",
        ".SH ENVIRONMENT",
        ".TP\n\\fBJETPACK_AGENT\\fR\nWho acts, when \\-\\-as does not say.",
        ".TP\n\\fBJETPACK_BUSY_TIMEOUT_S\\fR\nHow many seconds to wait for a locked database.",
        ".SH FILES",
        ".TP\n\\fI.jetpack/config.yaml\\fR\nThe settings, to be committed.",
        ".TP\n\\fI.jetpack/jetpack.db\\fR\nThe database of the clone, shared by its worktrees.",
        ".TP\n\\fI.tasks/\\fR\nThe tasks as files, committed with the code.",
        "",
    ]
    return "\n".join(lines)


def states() -> str:
    """The text of docs/states.md."""
    parts = [
        "# The states of a task\n",
        "<!-- Made from jetpack_git/models/transitions.py by docs/generate.py; do not edit. -->\n",
        " ".join((transitions.__doc__ or "").partition("\n\n")[2].split()) + "\n",
        "Users see `ready` or `blocked` where a task is `pending` or `pending_retry`: that\n"
        "follows from what it waits for. One whose next attempt waits stays `pending_retry`.\n",
        "| move | from | to | event | what it means |",
        "|---|---|---|---|---|",
    ]
    for one in transitions.TRANSITIONS.values():
        sources = " ".join(f"`{source}`" for source in one.sources)
        parts.append(f"| {one.verb} | {sources} | `{one.target}` | `{one.event}` | {one.meaning} |")
    return "\n".join(parts) + "\n"


def choosing() -> str:
    """The text of docs/strategies.md."""
    parts = [
        "# How a task is chosen\n",
        "<!-- Made from jetpack_git/work/{strategies,metrics,claims}.py by docs/generate.py;\n"
        "do not edit. -->\n",
    ]
    for title, module in (
        ("Strategies", strategies), ("The score of the graph", metrics), ("Fairness", claims),
    ):  # fmt: skip
        parts.append(f"## {title}\n\n{(module.__doc__ or '').partition(chr(10) * 2)[2].strip()}\n")
    return "\n".join(parts)


def _manual_entry(name: str, command: click.Command, context: click.Context) -> Iterator[str]:
    """One command of the man page."""
    usage = " ".join(command.collect_usage_pieces(context))
    yield ".SS " + _escaped(f"{name} {usage}")
    yield from _paragraphs(command.help or "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[0] != "-h, --help":
            yield f".TP\n\\fB{_escaped(record[0])}\\fR\n{_escaped(record[1])}"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield ".PP"
        yield _escaped(" ".join(paragraph.split()))


def _escaped(text: str) -> str:
    """The text with nothing in it that roff would read as a command."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\\&" + safe if safe.startswith((".", "'")) else safe


def main() -> int:
    """0 when the files are as the code says, or have been made so."""
    made = {
        DOCS / "cli.md": reference(),
        DOCS / "git-jetpack.1": manual(),
        DOCS / "states.md": states(),
        DOCS / "strategies.md": choosing(),
    }
    stale = [
        path
        for path, text in made.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path} is stale; run: make docs", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(made[path], encoding="utf-8")
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
