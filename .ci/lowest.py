"""Prints the oldest version that pyproject.toml admits of each dependency, as constraints."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
for line in project["dependencies"]:
    found = re.fullmatch(r"([\w-]+)>=([\d.]+)", line)
    if found is None:
        raise SystemExit(f"{line!r} has no lower bound")
    print(f"{found[1]}=={found[2]}")
print("check-jsonschema<0.38")  # which tests use: a newer one needs a newer click than we do
