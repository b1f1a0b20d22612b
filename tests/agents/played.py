"""An agent's CLI that plays what it is told to: python played.py SCENE [ARG ...]

SCENE is a folder. The n-th run notes its arguments in `calls`, runs `n.sh` in its worktree where
there is one, prints `n.out`, and exits with the status in `n.exit`; the last scene is repeated.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

scene = Path(sys.argv[1])
text = sys.stdin.read()
with (scene / "calls").open("a") as file:
    file.write(json.dumps({"argv": sys.argv[2:], "stdin": text, "env": dict(os.environ)}) + "\n")
number = len((scene / "calls").read_text().splitlines())
while number > 1 and not list(scene.glob(f"{number}.*")):
    number -= 1
script = scene / f"{number}.sh"
if (scene / f"{number}.out").exists():
    print((scene / f"{number}.out").read_text(), end="", flush=True)
if script.exists():
    subprocess.run(["sh", str(script)], check=False)
code = scene / f"{number}.exit"
sys.exit(int(code.read_text()) if code.exists() else 0)
