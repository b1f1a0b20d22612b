"""The house stands as it is drawn in docs/architecture.md."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import jetpack_git

ROOT = Path(jetpack_git.__file__).parent
FLOORS = (
    {"__init__", "errors", "clock", "digest", "ids", "locks"},
    {"models"},
    {"embed"},
    {"data", "git"},
    {"work", "mirror"},
    {"workspace", "review"},
    {"outfit"},
    {"swarm"},
    {"setup", "doctor", "hook", "driver"},
    {"cli"},
    {"__main__"},
)
MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
HEAVY = {"networkx", "pygit2", "yaml", "pydantic", "rich", "subprocess", "dataclasses", "click"}


def room(name: str) -> str:
    """The room of a dotted module name below the package."""
    return name.split(".")[0]


def floor(name: str) -> int:
    """The floor on which a room lies."""
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


def imports(path: Path) -> set[str]:
    """The package's own modules that a module imports, inside functions too."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{one.name}" for one in node.names} | {node.module}
    prefix = "jetpack_git."
    return {one.removeprefix(prefix) for one in found if one.startswith(prefix)}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_imports_only_from_below_or_its_own_room(path: Path) -> None:
    """Imports go down only."""
    mine = path.parts[0].removesuffix(".py")
    wrong = {
        one
        for one in imports(path)
        if one != "__version__" and room(one) != mine and floor(room(one)) >= floor(mine)
    }
    assert not wrong


def test_there_are_no_circles() -> None:
    """No module imports itself by way of others."""
    graph = {
        ".".join(path.with_suffix("").parts): {
            one for one in imports(path) if (ROOT / f"{one.replace('.', '/')}.py").exists()
        }
        for path in MODULES
    }
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join((*above, name))
        if name not in done:
            for one in graph[name]:
                visit(one, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_file_is_not_too_long(path: Path) -> None:
    """400 lines are enough for one idea; nobody imports only for type checkers."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    assert "TYPE_CHECKING" not in text


def test_tests_are_not_too_long() -> None:
    """The same goes for tests, benchmarks and the demo."""
    top = ROOT.parent
    for path in [*top.glob("tests/**/*.py"), *top.glob("bench/**/*.py"), *top.glob("demo/*.py")]:
        assert path.read_text(encoding="utf-8").count("\n") <= 400, path


def test_only_the_data_room_speaks_sql() -> None:
    """Nobody else imports the driver, or writes a statement."""
    for path in MODULES:
        text = (ROOT / path).read_text(encoding="utf-8")
        if path.parts[0] != "data":
            assert "import apsw" not in text, path
            assert "SELECT " not in text, path
            assert "UPDATE " not in text, path


def test_only_parse_knows_pydantic() -> None:
    """Text from outside comes in by one door."""
    for path in MODULES:
        text = (ROOT / path).read_text(encoding="utf-8")
        if path.parent != Path("models/parse"):
            assert "pydantic import" not in text, path


def loaded(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running the code."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_the_hook_loads_nothing_heavy() -> None:
    """Neither parsers nor command lines are loaded for a commit."""
    names = loaded("import jetpack_git.hook")
    assert not names & (HEAVY | {"json", "re", "typing", "enum", "pathlib", "inspect"})


def test_help_loads_no_command() -> None:
    """`--help` loads click, and none of the commands."""
    run = "from jetpack_git.cli import main\ntry: main.main(['--help'])\nexcept SystemExit: pass"
    names = loaded(run)
    assert {one for one in names if one.startswith("jetpack_git.cli.")} == {
        "jetpack_git.cli.main",
        "jetpack_git.cli.terminal",
    }
    assert "apsw" not in names


def test_claim_loads_nothing_heavy() -> None:
    """A claim needs no graph library, no YAML, no pydantic, no rich and no git bindings."""
    names = loaded(
        "import jetpack_git.cli.claim, jetpack_git.work.claims\n"
        "import jetpack_git.cli.add, jetpack_git.cli.ready"
    )
    assert not names & {"networkx", "pygit2", "yaml", "pydantic", "rich"}


def test_asking_about_files_and_mail_loads_nothing_that_runs_git() -> None:
    """Agents do it all day: before each edit, and in between."""
    names = loaded(
        "import jetpack_git.cli.reserve, jetpack_git.cli.lease, jetpack_git.cli.guard\n"
        "import jetpack_git.cli.mail, jetpack_git.cli.remember"
    )
    assert not names & {"subprocess", "pathlib", "hashlib", "yaml", "pydantic"}
