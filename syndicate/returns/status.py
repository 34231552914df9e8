"""What a refusal means: a status code (RFC 3463) and a server's words → hard, soft or policy.

A hard bounce ends a reader's subscription at once, so it takes a code and words that do not contradict it. Servers
give codes carelessly; their words are nearer to the truth. Where the two disagree, the answer is soft: it is counted,
and three in a month say what one cannot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from syndicate.returns.model import ReturnKind
from syndicate.returns.words import GONE, MAILBOX_UNAVAILABLE, NOT_FROM_YOU, NOT_NOW, RECIPIENT_REJECTED, fold

HARD, SOFT, POLICY = ReturnKind.HARD, ReturnKind.SOFT, ReturnKind.POLICY

BY_STATUS: Mapping[str, ReturnKind] = {
    "5.1.1": HARD,  # no such mailbox
    "5.1.2": HARD,  # no such domain
    "5.1.3": HARD,  # no valid address
    "5.1.6": HARD,  # moved, no forwarding
    "5.1.10": HARD,  # the domain takes no mail (RFC 7505); Microsoft: no such recipient
    "5.2.1": HARD,  # disabled
    "5.1.7": POLICY,  # our own address is not valid to them
    "5.1.8": POLICY,  # our own domain is not
    "5.2.2": SOFT,  # full
}
"""What a code means where the words do not speak against it. 5.7.x is policy; all else is soft, or the words decide."""

_VAGUE = re.compile(r"5\.\d\.0|5\.5\.\d+|5\.4\.1|5\.1\.(?:4|5|9)|5\.6\.\d+|5\.9\.\d+")
"""Codes that say nothing of the reader: here words alone can make a hard bounce."""
_CODE = re.compile(r"(?<![\w.#:/-])([245][0-7]\d)(?=[ \-:#;,.)\]]|$)(?!\.\d)")
_STATUS = re.compile(r"(?<![\w.])([245]\.[0-7]\.\d{1,3})(?![\w]|\.\d)")
_VERSION = re.compile(r"\b(?:exim|version|v|sendmail|release|postfix)[ /]\d+(?:\.\d+)+", re.IGNORECASE)
_SPEAKER = re.compile(
    r"^.{0,200}?\b(?:host|server|mx|remote mta) \S+(?: ?[\[(][^\])]*[\])])*(?: (?:said|responded|replied))?:",
    re.IGNORECASE,
)
_NAMES = re.compile(r"<[^<>\s]*>|[^\s@]{1,100}@\S+|https?://(?P<host>\S+)")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_EXPLAINED_POLICY = re.compile(
    r"postmaster\.(?:gmx|1und1|mail\.com|web\.de)|p=blocked|p=unsolicited|p=rate", re.IGNORECASE
)
MOST_CHARS = 2_000


def kind_of(status: str | None, diagnostic: str | None) -> ReturnKind:
    """Return what a refusal means; SOFT for doubt, DELIVERED for a success (2.x.x). The codes in the words count too.

    5.1.1 → hard; 5.1.1 "blocked using zen.spamhaus.org" → policy; 5.0.0 "user unknown" → hard; 5.7.1 "user unknown" →
    soft, since one of the two is wrong; 4.7.0 "rate limited" → policy.
    """
    words = " ".join(fold((diagnostic or "")[:MOST_CHARS]).split())
    code = refined_status(status, words)
    reply = reply_code(words)
    said = without_names(words)
    if _first(code) == "2" or (not code and _first(reply) == "2"):
        return ReturnKind.DELIVERED
    if "4" in (_first(code), _first(reply)):
        return POLICY if code and code.startswith("4.7.") and NOT_FROM_YOU.search(said) else SOFT
    return _permanent(code, reply, said)


def kind_of_reply(reply: str) -> ReturnKind:
    """Return what a server's refusal means at sending time: the whole reply, with its codes, in one or more lines."""
    return kind_of(None, reply)


def refined_status(status: str | None, words: str) -> str | None:
    """Return the most telling status: the one given, or what the words hold where it is missing or vague (x.0.0)."""
    given = _ENHANCED.search(status or "")
    found = status_in(words)
    if given is None:
        return found
    is_vague = given[0].endswith(".0.0")
    return found if is_vague and found and found[0] == given[0][0] else given[0]


def status_in(words: str) -> str | None:
    """Return the first status code in a server's words, of the class that its reply code has: "550 5.1.1 …" → 5.1.1."""
    reply = reply_code(words)
    for match in _STATUS.finditer(_VERSION.sub(" ", words)):
        if not reply or match[1][0] == reply[0]:
            return match[1]
    return None


def reply_code(words: str) -> str | None:
    """Return the first reply code in a server's words (RFC 5321 §4.2), such as "550"."""
    found = _CODE.search(_NAMES.sub(" ", _VERSION.sub(" ", words)))
    return found[1] if found else None


def without_names(words: str) -> str:
    """Return a server's words without addresses and without the host that speaks: a name is no reason."""
    return _NAMES.sub(lambda name: f" {name['host'] or ''} ", _SPEAKER.sub(" ", words))


def _permanent(code: str | None, reply: str | None, said: str) -> ReturnKind:
    is_policy = bool(NOT_FROM_YOU.search(_unsaid(said, code)) or _EXPLAINED_POLICY.search(said))
    is_gone = bool(GONE.search(said)) or (not is_policy and _is_gone_by_custom(code, reply, said))
    if NOT_NOW.search(said) and not (code and code.startswith("5.7.")):
        return POLICY if is_policy and not is_gone else SOFT
    if code and code.startswith("5.7."):
        return SOFT if is_gone and not NOT_FROM_YOU.search(GONE.sub(" ", said)) else POLICY
    if is_policy:
        return SOFT if is_gone else POLICY
    by_status = BY_STATUS.get(code or "")
    if by_status:
        return by_status
    return HARD if is_gone and (code is None or _VAGUE.fullmatch(code)) else SOFT


def _unsaid(said: str, code: str | None) -> str:
    """Return words without those that say "no such reader": "account blocked" is no blocklist."""
    rest = GONE.sub(" ", said)
    if code == "5.4.1" and RECIPIENT_REJECTED.search(rest):
        return re.sub("access denied", " ", rest, flags=re.IGNORECASE)
    return rest


def _is_gone_by_custom(code: str | None, reply: str | None, said: str) -> bool:
    if code == "5.4.1":
        return bool(RECIPIENT_REJECTED.search(said))
    return (code == "5.5.0" or (code is None and reply == "550")) and bool(MAILBOX_UNAVAILABLE.search(said))


def _first(code: str | None) -> str:
    return code[0] if code else ""
