"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import version

import apsw

PACKAGES = ("git-jetpack", "apsw", "click", "networkx")


def describe() -> dict[str, object]:
    """The machine and the versions; no name and no path of it."""
    git = subprocess.run(["git", "version"], capture_output=True, text=True, check=True)
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(one, 2) for one in os.getloadavg()],
        "python": platform.python_version(),
        "build": platform.python_compiler(),
        "virtual_environment": sys.prefix != sys.base_prefix,
        "sqlite": apsw.sqlite_lib_version(),
        "git": git.stdout.split()[-1],
        "packages": {name: version(name) for name in PACKAGES},
    }


def line(about: dict[str, object]) -> str:
    """The description in one line."""
    return (
        f"{about['cores']} cores ({about['processor']}), load {about['load']}, "
        f"Python {about['python']}, SQLite {about['sqlite']}, git {about['git']}"
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for text in file:
                if text.startswith("model name"):
                    return text.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()
