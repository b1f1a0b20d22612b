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
    r"PRIVATE KEY|\s-[a-zA-Z]{0,5}u|--user|://[^\s/@:]{1,99}:[^\s/@]{1,200}@"
    r"|(?i:key|passw|pwd|pass\b|secret|token|auth|api|bearer|credential|contrase|db_?pass|nonce)"
    r"|(?<![\w\-+/=.])(?=[\w\-+/=.]*\d)(?=[\w\-+/=.]*[A-Za-z])[\w\-+/=.]{16,}"
)
_VALUE = r"[\w\-+/=!@#%^&*~$?]"
_MIXED = rf"(?={_VALUE}{{0,200}}\d)(?={_VALUE}{{0,200}}[A-Za-z])(?![/~$])"  # digits and letters
_KEYS = (
    r"(?:(?:api|auth|service|account|access|private|client|secret|db|database|signing|encryption)"
    r"[_\- ]?key|passw(?:or)?d|pwd|passphrase|secret|token)"
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
        r"\s(?:-[a-zA-Z]{0,5}u\s{0,9}|--user[\s=])[^\s:$]{1,99}:([^\s:\"'$]{4,200})"
    ),
    "Assigned Secret": re.compile(
        rf"(?i){_KEYS}[\"'`]?\s{{0,9}}(?::?=|:)\s{{0,9}}[\"'`]?({_MIXED}{_VALUE}{{9,}}){_END}"
    ),
    "Option": re.compile(rf"(?i)--[\w-]{{0,40}}{_KEYS}\s{{1,9}}({_MIXED}{_VALUE}{{8,}}){_END}"),
    "Secret": re.compile(rf"(?i){_KEYS}\s{{1,9}}is\s{{1,9}}[\"'`]?({_MIXED}{_VALUE}{{20,}}){_END}"),
}
# Words with numbers in them, as names and paths have them: `tests/key2.pem`, `base64-url`.
_NAME = re.compile(r"[a-z]{0,15}\d{0,15}(?:[-_/.][a-z]{0,15}\d{0,15})+|[a-z]+\d{1,2}[a-z]{0,3}")
# Not those that go by the entropy of a token, which is that of every commit's name.
_DETECTORS = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector",
    "CloudantDetector", "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector",
    "IbmCloudIamDetector", "IbmCosHmacDetector", "JwtTokenDetector",
    "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector",
    "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SoftlayerDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_SLOW_DETECTORS = ("KeywordDetector",)  # which take quadratic time
LONGEST = 300  # characters that those look at together
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

    # Nobody lets itself in.
    bare = [line.replace("allowlist", "").replace("whitelist", "") for line in suspects]
    secrets: list[list[tuple[str, str]]] = [[] for _ in suspects]  # of each line: kind and value
    for names, pieces in ((_DETECTORS, _whole), (_SLOW_DETECTORS, _parts)):
        with transient_settings({"plugins_used": [{"name": one} for one in names]}):
            for line, mine in zip(bare, secrets, strict=True):
                for part in pieces(line):
                    mine += [(str(one.type), one.secret_value or "") for one in scan_line(part)]
    found = []
    for line, mine in zip(suspects, secrets, strict=True):
        for kind, shape in _OTHERS.items():
            for match in shape.finditer(line):
                value = match[match.lastindex or 0]
                if match.lastindex is None or not _NAME.fullmatch(value):
                    mine.append((kind, value))
        shown = _without(line, [value for _, value in mine])
        found += [Secret(kind, shown) for kind in sorted(dict(mine))]
    return found


def _whole(line: str) -> Sequence[str]:
    return [line]


def _parts(line: str) -> Sequence[str]:
    """A line in pieces that overlap by half."""
    step = LONGEST // 2
    return [line[at : at + LONGEST] for at in range(0, max(len(line) - step, 1), step)]


def _without(line: str, secrets: Sequence[str]) -> str:
    """The line with no more of the secrets in it than tells which they are."""
    for secret in sorted(secrets, key=len, reverse=True):
        line = line.replace(secret, f"{secret[:3]}…") if len(secret) > 3 else line
    return _TOKEN.sub(lambda found: f"{found[0][:6]}…", line).strip()[:SHOWN]
