"""What can go wrong on the wire to an instance, by what it means for a status; and how a fault is told apart.

WireFault
├── Unsent      proven not to have arrived: no connection came about
├── Throttled   429: nothing happened; until when the server named it
├── Denied      401, 403: the token does not work, or may not do this
├── Misplaced   a redirect: the address is not the instance's own
├── Missing     404, 410
├── Rejected    any other 4xx: not taken, for what it is
└── Doubtful    5xx, a cut line, an answer that cannot be read: it may have arrived
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


class WireFault(Exception):
    """What happened, in one line; `status` is the HTTP status where there was an answer."""

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Unsent(WireFault):
    """No connection came about, so nothing arrived."""


class Throttled(WireFault):
    """Nothing happened; `until` is when the server will listen again, where it said so."""

    def __init__(self, reason: str, *, until: datetime | None) -> None:
        super().__init__(reason, status=429)
        self.until = until


class Denied(WireFault):
    """The token does not work, or may not do this."""


class Misplaced(WireFault):
    """The server sends us elsewhere. A redirected POST becomes a GET: it is never followed."""


class Missing(WireFault):
    """There is no such thing."""


class Rejected(WireFault):
    """Not taken, and it would not be taken again."""


class Doubtful(WireFault):
    """The wire cannot say whether it arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answered, as far as it came."""

    status: int
    headers: Mapping[str, str]
    """With the names in lower case."""
    error: str = ""
    """Its own words, where it had any."""


def fault_of(error: BaseException, answer: Answer | None, now: datetime) -> WireFault:
    """Return what an exception of the library means. The status decides; without one, how far the bytes came.

    The library raises the same class for an answer that it cannot read as for a refusal, and a rate limit error
    for a good answer with an odd header, so its classes are not asked.
    """
    if answer is None:
        reason = _cause(error)
        return Unsent(reason) if never_left(error) else Doubtful(reason)
    said = f"{answer.status} {answer.error}".strip()
    match answer.status:
        case 401 | 403:
            return Denied(said, status=answer.status)
        case 404 | 410:
            return Missing(said, status=answer.status)
        case 429:
            return Throttled(said, until=throttled_until(answer.headers, now))
        case 408 | 425:
            return Doubtful(said, status=answer.status)
        case status if 300 <= status < 400:
            return Misplaced(f"{status} to {answer.headers.get('location', 'elsewhere')}", status=status)
        case status if 400 <= status < 500:
            # Pixelfed refuses a repeated key, and stores it before it posts: the first try may have arrived.
            kind = Doubtful if "idempotency" in answer.error.casefold() else Rejected
            return kind(said, status=status)
        case status if status < 300:
            return Doubtful(f"{status} with an answer that cannot be read", status=status)
        case status:
            return Doubtful(said, status=status)


def never_left(error: BaseException) -> bool:
    """Return whether it is proven that no byte of the request left: no name, no connection, no trust."""
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

    unsent = (NewConnectionError, NameResolutionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
    return any(isinstance(each, unsent) for each in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and all that it was made of; requests and urllib3 wrap one in another's arguments."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and not any(each is known for known in seen):
            seen.append(each)
            waiting += [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
            yield each


def _cause(error: BaseException) -> str:
    """Return the innermost reason in one line, without the addresses of objects in memory."""
    deepest = list(_chain(error))[-1]
    text = re.sub(r"<[^>]*>:? ?|\(Caused by.*", "", str(deepest)).strip() or type(deepest).__name__
    return " ".join(text.split())[:200]


def throttled_until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when a throttled account may go on, by our clock; None where the server does not say.

    X-RateLimit-Reset is ISO 8601 on Mastodon and GoToSocial, a Unix time on Pleroma. It is the server's clock, so
    it is taken as a distance from the answer's Date. Others send Retry-After in seconds (RFC 9110 §10.2.3).
    """
    reset = _moment(headers.get("x-ratelimit-reset", ""))
    if reset is not None:
        return now + max(reset - (_http_date(headers.get("date", "")) or now), timedelta(0))
    wait = headers.get("retry-after", "")
    return now + timedelta(seconds=min(int(wait), 86_400)) if wait.isascii() and wait.isdigit() else None


def _moment(text: str) -> datetime | None:
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
