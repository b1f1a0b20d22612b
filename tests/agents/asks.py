"""Starts the MCP server that its settings name, as an agent's CLI does, and uses one tool."""

import json
import os
import subprocess
import sys
from pathlib import Path

server = json.loads(Path(sys.argv[1]).read_text())["mcpServers"]["jetpack"]
task = os.environ["JETPACK_TASK"]
hello = {
    "protocolVersion": "2025-06-18", "capabilities": {},
    "clientInfo": {"name": "x", "version": "1"},
}  # fmt: skip
call = {"name": "progress", "arguments": {"id": task, "note": "by a tool"}}
lines = [
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
]
process = subprocess.Popen(
    [server["command"], *server["args"]], env=server["env"], text=True,
    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
)  # fmt: skip
for line in lines:
    process.stdin.write(json.dumps(line) + "\n")
process.stdin.flush()
while "id" not in (said := json.loads(process.stdout.readline())) or said["id"] != 2:
    pass
process.stdin.close()
process.wait()
Path(f"{task}.txt").write_text(said["result"]["content"][0]["text"])
print(json.dumps({"type": "result", "is_error": False, "result": "done", "session_id": "s"}))
