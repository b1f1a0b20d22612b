"""An agent with a browser: a CLI adapter, Playwright's MCP server, and the system's Chromium.

It starts from `claude`; `adapters: {browser: {like: codex}}` in the config starts it from another.
"""

from __future__ import annotations

from dataclasses import replace

from jetpack_git.swarm.adapters import claude
from jetpack_git.swarm.adapters.base import Server

PLAYWRIGHT = Server(
    name="browser",
    argv=(
        "npx", "-y", "@playwright/mcp", "--headless", "--isolated", "--browser", "chromium",
        "--executable-path", "{chromium}", "--output-dir", "{scratch}", "{no_sandbox}",
    ),
    deny=("browser_run_code_unsafe",),
)  # fmt: skip

ADAPTER = replace(claude.ADAPTER, name="browser", servers=(PLAYWRIGHT,))
