"""The wire to one instance: Mastodon.py (and, where it cannot ask, plain GETs) behind typed calls.

Its settings are chosen against its habits: it would otherwise ask the instance its version unbidden (and on some
servers recurse until the stack ends), sleep through rate limits inside a call and then resend an upload that it has
already read to its end, and wait five minutes for an answer.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from syndicate.channels.mastodon.faults import Answer, Doubtful, Missing, fault_of
from syndicate.compose.model import StatusContent

if TYPE_CHECKING:
    import requests
    from mastodon import Mastodon

TIMEOUT = (5, 60)
"""Seconds to connect, and to wait for the next byte."""
PAGE = 40
"""Statuses a page: the most that Mastodon gives."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A picture as the server keeps it."""

    id: str
    alt: str
    ready: bool
    """False while the server is still at work on it (202, 206)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedStatus:
    """A status as the server shows it. Ids are strings: ULIDs, UUIDs and hex elsewhere."""

    id: str
    url: str
    html: str
    created_at: datetime | None
    spoiler: str
    visibility: str
    language: str | None
    media: tuple[Attachment, ...]

    def shows(self, link: str) -> bool:
        """Return whether the status links or spells out this very address.

        Servers write links each in their own way, cut in spans, escaped, percent-encoded or bare.
        """
        hrefs = {html.unescape(href) for href in re.findall(r"""href=["']([^"']*)""", self.html)}
        lines = re.sub(r"(?i)<br\s*/?>|</p>", " ", self.html)
        words = html.unescape(re.sub(r"<[^>]+>", "", lines)).split()
        return _canonical(link) in {_canonical(each) for each in (*hrefs, *words)}


def _canonical(address: str) -> str:
    from urllib.parse import unquote

    return unquote(address)


class Wire:
    """The calls that a status needs. Each raises a WireFault (faults.py) and nothing else.

    `now` is asked when a fault names a time. Not safe for threads; one is made for each run.
    """

    def __init__(self, base: str, token: str, now: Callable[[], datetime]) -> None:
        self.base = base
        self._token = token
        self._now = now
        self._answer: Answer | None = None
        self._account_id: str | None = None
        self._made: tuple[requests.Session, Mastodon] | None = None

    def account(self) -> tuple[str, str]:
        """Return the id and name of the token's own account (scope read:accounts)."""
        found = self._call(lambda client: _mapping(client.account_verify_credentials()))
        return _text(found, "id"), _text(found, "acct")

    def upload(self, content: bytes, mime_type: str, alt: str) -> Attachment:
        """Return the attachment made of a picture (scope write:media); it may not be ready yet."""
        name = f"picture.{mime_type.rpartition('/')[2]}"
        return self._call(
            lambda client: _attachment(
                client.media_post(content, mime_type=mime_type, description=alt or None, file_name=name)
            )
        )

    def attachment(self, media_id: str) -> Attachment:
        """Return an attachment as it stands now."""
        return self._call(lambda client: _attachment(client.media(media_id)))

    def post(self, content: StatusContent, media_ids: Sequence[str], key: str) -> PostedStatus:
        """Return the status posted (scope write:statuses).

        A warning also marks the media sensitive: Mastodon would show the still once the text is opened, and
        Pixelfed drops a warning that is not. The language goes without its region: Mastodon replaces a tag that
        it does not know by the account's own.
        """
        return self._call(
            lambda client: _status(
                client.status_post(
                    content.text,
                    media_ids=list(media_ids) or None,
                    sensitive=bool(content.spoiler),
                    visibility=content.visibility,
                    spoiler_text=content.spoiler or None,
                    language=language_sent(content.language),
                    idempotency_key=key,
                )
            )
        )

    def own_statuses(self, before: str | None = None) -> tuple[PostedStatus, ...]:
        """Return a page of the account's own statuses, newest first, boosts left out (scope read:statuses)."""
        if self._account_id is None:
            self._account_id = self.account()[0]
        account = self._account_id
        return self._call(
            lambda client: tuple(
                _status(each)
                for each in client.account_statuses(account, exclude_reblogs=True, limit=PAGE, max_id=before)
                if not each.get("reblog")
            )
        )

    def delete(self, status_id: str) -> None:
        """Delete a status (scope write:statuses); that it is gone already is as good."""
        try:
            self._call(lambda client: client.status_delete(status_id))
        except Missing:
            return

    def touch_media(self, media_id: str) -> None:
        """Write an alt text to an attachment; `accounts check` asks it of one that does not exist."""
        self._call(lambda client: client.media_update(media_id, description="-"))

    def get(self, path: str) -> Mapping[str, Any]:
        """Return a JSON object that needs no token (Mastodon.py asks for some with a slash too many)."""
        return self._call(lambda _client: self._get(path))

    def _get(self, path: str) -> Mapping[str, Any]:
        session, _ = self._client()
        response = session.get(self.base + path, timeout=TIMEOUT, headers={"User-Agent": _user_agent()})
        response.raise_for_status()
        return _mapping(response.json())

    def _call(self, ask: Callable[[Mastodon], Result]) -> Result:
        """Return what the library returns; whatever it raises is told as a fault.

        Once a request is out, an exception of any class must not pass for "not posted": hence the wide net.
        """
        self._answer = None
        try:
            return ask(self._client()[1])
        except Exception as error:
            raise fault_of(error, self._answer, self._now()) from error

    def _client(self) -> tuple[requests.Session, Mastodon]:
        """Return the session and the client, made at the first call: the import alone takes 250 ms."""
        if self._made is None:
            import requests
            from mastodon import Mastodon

            session = requests.Session()
            session.max_redirects = 0
            session.hooks["response"].append(self._remember)
            client = Mastodon(
                api_base_url=self.base,
                ratelimit_method="throw",
                request_timeout=TIMEOUT,  # type: ignore[arg-type]  # requests takes the pair too
                mastodon_version="4.6.0",
                version_check_mode="created",
                user_agent=_user_agent(),
                session=session,
            )
            # Given to the constructor, a token that is also the name of a file would be read from that file.
            client.access_token = self._token
            self._made = session, client
        return self._made

    def _remember(self, response: requests.Response, **_: object) -> None:
        """Keep status and headers of an answer: the library's exceptions do not carry them all."""
        headers = {name.lower(): value for name, value in response.headers.items()}
        self._answer = Answer(status=response.status_code, headers=headers, error=_error_text(response))


def language_sent(language: str) -> str:
    """Return the language as it is sent: ISO 639 alone, but for Chinese, whose regions Mastodon knows."""
    primary = language.partition("-")[0].lower()
    return language if primary == "zh" else primary


def _user_agent() -> str:
    from syndicate import __version__

    return f"syndicate/{__version__}"


def _error_text(response: requests.Response) -> str:
    """Return the server's words on a refusal: its JSON "error", or a short plain text; HTML says nothing."""
    if response.ok or response.is_redirect:
        return ""
    try:
        body = response.json()
    except ValueError:
        body = {"error": "" if "<" in response.text else response.text}
    said = body.get("error", "") if isinstance(body, dict) else body
    return " ".join(str(said).split())[:200]


def _mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or raise Doubtful: an answer that is none says nothing of what happened."""
    if not isinstance(value, Mapping):
        raise Doubtful(f"an answer that is no JSON object but {type(value).__name__}")
    return value


def _text(value: Mapping[str, Any], key: str) -> str:
    return str(value.get(key) or "")


def _attachment(value: object) -> Attachment:
    found = _mapping(value)
    ready = bool(found.get("url"))
    return Attachment(id=_id(found), alt=_text(found, "description"), ready=ready)


def _status(value: object) -> PostedStatus:
    found = _mapping(value)
    return PostedStatus(
        id=_id(found),
        url=_text(found, "url") or _text(found, "uri"),
        html=_text(found, "content"),
        created_at=_created(found.get("created_at")),
        spoiler=_text(found, "spoiler_text"),
        visibility=_text(found, "visibility"),
        language=found.get("language"),
        media=tuple(_attachment(each) for each in found.get("media_attachments") or ()),
    )


def _id(found: Mapping[str, Any]) -> str:
    if not found.get("id"):
        raise Doubtful("an answer without an id")
    return str(found["id"])


def _created(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
