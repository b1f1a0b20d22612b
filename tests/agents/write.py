"""Writes the files of its task (`JETPACK_TASK`.txt when it has none); `slow` takes its time."""

import os
import re
import sys
import time
from pathlib import Path

prompt = Path(sys.argv[1]).read_text()
names = re.findall(r"^  (\S+)$", prompt.partition("\nfiles:\n")[2], re.M)
for name in names or [f"{os.environ['JETPACK_TASK']}.txt"]:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(f"{os.environ['JETPACK_TASK']}\n")
time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 0)
print("wrote", *names)
