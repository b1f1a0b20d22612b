"""Secrets in a text that is to be kept: keys, tokens, passwords, private keys.

The detector is detect-secrets, which takes longer to load than most commands to run; so it is
asked only of lines that could hold anything of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

# What a line must have in it for any detector to look twice: the beginning of a key, a word
# that names a secret, an address with a password, or a long token of letters and digits.
_SUSPECT = re.compile(
    r"PRIVATE KEY|\bcurl\b|(?i:bearer)|://[^\s/@]+:[^\s/@]+@|(?i:key|passw|pwd|pass\b|secret|token|auth|api|credential"
    r"|contrase|db_?pass|nonce)|(?<![\w\-+/=.])(?=[\w\-+/=.]*\d)(?=[\w\-+/=.]*[A-Za-z])[\w\-+/=.]{16,}"
)
_MIXED = r"(?=\S{0,200}\d)(?=\S{0,200}[A-Za-z])"  # what follows has a digit and a letter
_KEYS = (
    r"(?:(?:api|auth|service|account|access|private|client|secret|db|database|signing|encryption)"
    r"[_-]?key|passw(?:or)?d|pwd|passphrase|secret|token(?!s))(?:_\w{1,20})?[\"'`]?\s{0,9}"
)
_END = r"(?=$|[\s\"'`,;.)])"
# What detect-secrets has no detector for, or only for older forms of it, or with quotes around.
_OTHERS = {
    "Anthropic API Key": re.compile(r"\bsk-ant-[A-Za-z0-9_\-]{20,}"),
    "GitHub Token": re.compile(r"\bgithub_pat_[A-Za-z0-9_]{22,}"),
    "Hugging Face Token": re.compile(r"\bhf_[A-Za-z0-9]{30,}"),
    "OpenAI Token": re.compile(r"\bsk-proj-[A-Za-z0-9_\-]{20,}"),
    "Google API Key": re.compile(r"\bAIza[A-Za-z0-9_\-]{35}"),
    "npm Token": re.compile(r"\bnpm_[A-Za-z0-9]{36}"),
    "Bearer Token": re.compile(rf"(?i)\bbearer\s{{1,9}}({_MIXED}[\w\-+/=.~]{{16,}})"),
    "Password of curl": re.compile(
        r"\bcurl\b.{0,200}?\s(?:-u|--user)[\s=]\s{0,9}[^\s:]{1,99}:([^\s\"'$]{4,})"
    ),
    "Assigned Secret": re.compile(
        rf"(?i){_KEYS}:?=\s{{0,9}}({_MIXED}[\w\-+/=!@#%^&*~]{{8,}}){_END}"
    ),
    "Secret": re.compile(  # what has a dash or a `_` in it may well be no secret but its name
        rf"(?i){_KEYS}:\s{{0,9}}({_MIXED}(?:[a-z0-9+/=!@#%^&*~]{{8,}}|[\w\-+/=]{{24,}})){_END}"
    ),
}
# Not those that go by the entropy of a token, which is that of every commit's name.
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector",
    "CloudantDetector", "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector",
    "IbmCloudIamDetector", "IbmCosHmacDetector", "JwtTokenDetector", "KeywordDetector",
    "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector",
    "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SoftlayerDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
SHOWN = 80
_TOKEN = re.compile(r"[\w\-+/=.]{16,}")


class Secret(NamedTuple):
    """What kind it is, and the line that holds it, without it."""

    kind: str
    shown: str


def find(text: str) -> Sequence[Secret]:
    """The secrets in the text, in order of their lines."""
    suspects = [line for line in text.split("\n") if _SUSPECT.search(line)]
    if not suspects:
        return []
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import transient_settings

    found = []
    with transient_settings({"plugins_used": [{"name": one} for one in _DETECTORS]}):
        for line in suspects:
            bare = line.replace("allowlist", "").replace("whitelist", "")  # nobody lets itself in
            kinds = {str(one.type): one.secret_value or "" for one in scan_line(bare)}
            for kind, shape in _OTHERS.items():
                if match := shape.search(line):
                    kinds[kind] = match[match.lastindex or 0]
            for kind, secret in sorted(kinds.items()):
                found.append(Secret(kind, _without(line, secret)))
    return found


def _without(line: str, secret: str) -> str:
    """The line with no more of the secret in it than tells which one it is."""
    hidden = line.replace(secret, f"{secret[:3]}…") if len(secret) > 3 else line
    return _TOKEN.sub(lambda found: f"{found[0][:6]}…", hidden).strip()[:SHOWN]
