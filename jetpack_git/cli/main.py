"""The command line. `--help` imports no command module."""

from __future__ import annotations

import importlib
import os
import sys

import click

from jetpack_git import __version__
from jetpack_git.cli import terminal
from jetpack_git.cli.terminal import safe
from jetpack_git.errors import BadInput
from jetpack_git.errors import JetpackError
from jetpack_git.errors import StoreError

# command: (module, the first line of its help)
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Set up this clone: config, database, hooks; load the task files."),
    "status": ("status", "Show the tasks, agents and reservations at a glance."),
    "load": ("load", "Load a plan: its items become tasks."),
    "plan": ("plan", "List, show and export plans."),
    "import": ("imports:import_", "Bring in the tasks of another tool."),
    "export": ("imports", "Write the tasks for other programs."),
    "add": ("add", "Add a task."),
    "list": ("list:list_", "List tasks."),
    "search": ("search", "Find tasks by the words in them."),
    "show": ("show", "Show a task, or a memory."),
    "edit": ("edit", "Change a task, or a memory."),
    "ready": ("ready", "List what can be claimed now, most urgent first."),
    "why": ("why", "Say why a task is not ready."),
    "claim": ("claim", "Take a task, so that nobody else does."),
    "begin": ("moves", "Say that work on a claimed task has begun."),
    "progress": ("moves", "Report how far the work on a task is."),
    "done": ("moves", "Complete a task that you hold."),
    "fail": ("moves", "Say that a task that you hold has failed."),
    "release": ("moves", "Give a task back, or offer a failed one again."),
    "cancel": ("moves", "Say that a task will not be done."),
    "dep": ("dep", "Add or remove a dependency between tasks."),
    "graph": ("graph", "Show what waits for what, and the critical path."),
    "log": ("log", "Show what happened to a task."),
    "history": ("history", "Show a task's whole life, over commits and events."),
    "reserve": ("reserve", "Say which files you are about to change."),
    "reservations": ("reserve", "List the active reservations."),
    "unreserve": ("reserve", "Give reservations back."),
    "guard": ("guard", "Ask whether paths may be changed."),
    "lease": ("lease", "Have a thing, or files, for yourself alone."),
    "register": ("agents", "Begin a life as an agent, under a name of its own."),
    "agents": ("agents", "List the agents."),
    "whoami": ("agents", "Say who you are."),
    "heartbeat": ("agents", "Say that you are alive."),
    "retire": ("agents", "Get no mail any more."),
    "prime": ("prime", "Tell an agent what it needs to know as it begins."),
    "send": ("mail", "Write to other agents."),
    "inbox": ("mail", "List the mail that you got."),
    "read": ("mail", "Read a message."),
    "reply": ("mail", "Answer a message."),
    "ack": ("mail", "Acknowledge a message."),
    "thread": ("mail", "Show a thread."),
    "threads": ("mail", "List your threads."),
    "outbox": ("mail", "List the mail that you sent."),
    "remember": ("remember", "Keep what was learned, for every agent to find."),
    "recall": ("recall", "Find memories: by their words, and by their meaning."),
    "memories": ("memories", "List memories."),
    "forget": ("memories", "Forget a memory, and delete its file."),
    "promote": ("memories", "Make a memory last longer."),
    "feedback": ("memories", "Say whether a memory was of use."),
    "memory": ("memories", "Set up how memories are found."),
    "start": ("start", "Let a swarm of agents work on the ready tasks."),
    "agent": ("start", "Work on the ready tasks as one agent more."),
    "ps": ("swarms", "Show the swarms that run, and what their agents do."),
    "attach": ("attach", "Follow what an agent says and does."),
    "pause": ("swarms", "Let a swarm's agents take no new tasks for a while."),
    "resume": ("swarms", "Let a paused swarm go on."),
    "drain": ("swarms", "Let a swarm finish what it does, and end."),
    "scale": ("swarms", "Give a swarm more agents, or fewer."),
    "stop": ("swarms", "Stop a swarm in order."),
    "costs": ("costs", "Show what agents have used: tokens, money and minutes."),
    "prompt": ("prompt", "Print what an agent is told about a task."),
    "radar": ("radar", "List the branches of tasks that will conflict."),
    "review": ("review", "Show what a branch does to the tasks."),
    "sync": ("sync", "Load what is new in the task files."),
    "conflicts": ("conflicts", "List what branches disagree on."),
    "resolve": ("conflicts", "Decide what branches disagree on."),
    "doctor": ("doctor", "Check this clone, and repair what can be repaired."),
    "uninstall": ("uninstall", "Take git-jetpack's hooks and worktrees out of this clone."),
    "mcp": ("mcp", "Serve an agent that speaks MCP, on standard input and output."),
    "hook": ("hook", "Do what a git hook of ours does."),
}
HIDDEN = frozenset({"hook"})
BROKEN_PIPE = 141  # as a shell reports a program that SIGPIPE has ended


class Lazy(click.Group):
    """A group that imports a command's module only when the command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of a day's work."""
        return [name for name in COMMANDS if name not in HIDDEN]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        name, _, attribute = COMMANDS[cmd_name][0].partition(":")
        module = importlib.import_module(f"jetpack_git.cli.{name}")
        found: click.Command = getattr(module, attribute or cmd_name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name. Raises BadInput, which suggests near ones."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise _unknown(args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, made without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


def _unknown(name: str) -> BadInput:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS.keys() - HIDDEN, n=3)
    hint = f"Did you mean {', '.join(near)}?" if near else "See: git jetpack --help"
    return BadInput(f"There is no command {name!r}.", hint=hint)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="git-jetpack", message="%(prog)s %(version)s")
def cli() -> None:
    """Coordinate a swarm of coding agents (and people) in one git repository.

    Tasks are claimed by one agent at a time, files are reserved and the reservations
    enforced by git hooks, and every task is a file that is committed with the code.
    """


def main(argv: list[str] | None = None) -> None:
    """The command has run, and the process ends with its exit code."""
    terminal.open_streams()
    arguments = sys.argv[1:] if argv is None else argv
    try:
        code = run(arguments)
        terminal.say_remarks()
        sys.stdout.flush()
    except BrokenPipeError:
        terminal.drop_stdout()
        code = BROKEN_PIPE
    except OSError as error:
        terminal.drop_stdout()
        terminal.complain(f"The answer cannot be written: {error.strerror}.")
        code = StoreError.code
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code of the command; what went wrong has been told."""
    try:
        lenient = arguments[:1] == ["recall"]  # a question may be anything
        texts = [_text(one, lenient=lenient) for one in arguments]
        with cli.make_context("git jetpack", texts) as context:
            cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except JetpackError as error:
        return _report(arguments, error.code, error.name, error.message, error.hint)
    except click.exceptions.NoArgsIsHelpError as error:
        terminal.say(error.format_message())
        return 2
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "git jetpack"
        hint = f"See: {where} --help"
        if isinstance(error, click.NoSuchOption):
            hint += ". Text that begins with a dash stands behind --"
        return _report(arguments, 2, "usage", error.format_message(), hint)
    except (KeyboardInterrupt, click.Abort):
        return _report(arguments, 130, "interrupted", "Interrupted.", "")
    except OSError as error:
        if error.filename is None:  # it is one of our streams, not a file
            raise
        return _report(arguments, 3, "store", f"{error.filename}: {error.strerror}.", "")
    except Exception as error:
        if os.environ.get("JETPACK_DEBUG"):
            raise
        message = f"This is a fault of git-jetpack: {type(error).__name__}: {error}"
        hint = "Please report it, with what JETPACK_DEBUG=1 prints."
        return _report(arguments, 3, "internal", message, hint)
    return 0


def _text(argument: str, *, lenient: bool) -> str:
    """The argument as the text that it is in UTF-8, whatever the locale.

    Raises BadInput for other bytes, unless `lenient`.
    """
    try:
        return os.fsencode(argument).decode("utf-8", "replace" if lenient else "strict")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{safe(argument)} is no UTF-8 text.",
            hint="Convert it to UTF-8; or, if it names a file, give the folder that holds it.",
        ) from error


def _report(arguments: list[str], code: int, name: str, message: str, hint: str) -> int:
    """The error is told, as JSON where JSON was asked for; its exit code."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "--json" in options:
        from jetpack_git.cli import documents

        terminal.say(documents.text(documents.error(code, name, message, hint)))
    else:
        terminal.complain(message, hint)
    return code


if __name__ == "__main__":
    main()
