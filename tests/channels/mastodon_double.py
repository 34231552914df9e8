"""A server that speaks as much of Mastodon's API as a status needs, on loopback, and misbehaves as real ones do.

Each misbehaviour names the server that does it and where that can be read.
"""

from __future__ import annotations

import html
import json
import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.utils import format_datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TOKEN = "a-token-of-the-double"
ALL_SCOPES = frozenset({"read:accounts", "read:statuses", "write:statuses", "write:media"})


class Hands:
    """A clock that is moved by hand, and a sleep that moves it."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def turn(self, **by: float) -> None:
        self.time += timedelta(**by)


class Post(StrEnum):
    """What the next POST /api/v1/statuses does."""

    OK = "ok"
    CUT_AFTER = "cut-after"
    """It is posted, and the line dies before the answer: any proxy or worker that is restarted."""
    CUT_BEFORE = "cut-before"
    """The line dies before it is posted."""
    UNREADABLE = "unreadable"
    """It is posted, and a proxy answers 200 with a page of its own."""
    ODD_RESET = "odd-reset"
    """It is posted, and X-RateLimit-Reset is no time: Mastodon.py raises a rate limit error (internals.py)."""
    LATE_500 = "late-500"
    """It is posted, and what comes after fails: app/services/post_status_service.rb (postprocess_status!)."""
    LOST_WARNING = "lost-warning"
    """Pixelfed keeps spoiler_text only with sensitive and up to 140 characters (StatusController)."""
    DROPPED_MEDIA = "dropped-media"
    """Mastodon before 4.3 leaves out media ids it does not know (mastodon/mastodon #31681); Hollo those of forms."""
    LOST_ALT = "lost-alt"
    """Several releases of Pixelfed drop alt texts given by API (pixelfed/pixelfed #5014)."""
    WIDENED = "widened"
    """Pixelfed has no direct statuses and makes them public."""
    UNLISTED = "unlisted"
    """Mastodon makes a silenced account's public statuses unlisted (PostStatusService#preprocess_attributes!)."""
    OTHER_LANGUAGE = "other-language"
    """Mastodon replaces a language that it does not know (valid_locale_cascade in PostStatusService)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with nothing done: a status, a body, headers."""

    status: int
    body: str = '{"error": "no"}'
    headers: tuple[tuple[str, str], ...] = ()


class Repeat(StrEnum):
    """What a repeated Idempotency-Key does."""

    REPLAYED = "replayed"
    """The first status again: Mastodon before 4.6 and since 4.6.6 (PostStatusService#idempotency_duplicate)."""
    BROKEN = "broken"
    """500, though the status exists: Mastodon 4.6.0 to 4.6.5 (mastodon/mastodon #40399, mended by #40439)."""
    IGNORED = "ignored"
    """A second status: GoToSocial (superseriousbusiness/gotosocial #3186, not merged), Takahe, snac."""


class Media(StrEnum):
    """What POST /api/v2/media does."""

    READY = "ready"
    """200 with a URL: images on Mastodon since 4.0 (MediaController)."""
    SLOW = "slow"
    """202, then 206 until it is done: video and animation (Api::V2::MediaController, Api::V1::MediaController#show)."""
    NEVER = "never"
    """206 for ever: a worker queue that stands still."""
    BROKEN = "broken"
    """202, then 422 "Error processing thumbnail for uploaded media" (Api::V1::MediaController)."""
    REFUSED = "refused"
    """422 "File content type is invalid" (MediaAttachment)."""
    FAILING = "failing"
    """500 with a page of HTML: Takahe, on any file that it cannot read."""


@dataclass
class Stored:
    """A status on the double."""

    id: str
    form: dict[str, list[str]]
    created_at: datetime
    key: str
    did: Post

    def value(self, name: str) -> str:
        return self.form.get(name, [""])[0]


@dataclass
class MastodonDouble:
    """The server. Used as a context manager; `url` is its address. All is thread-safe enough for one client."""

    now: Callable[[], datetime] = lambda: START
    software: str = "mastodon"
    version: str = "4.6.6"
    repeat: Repeat = Repeat.REPLAYED
    media: Media = Media.READY
    slow_polls: int = 2
    hides_private: bool = False
    """Takahe and snac leave private and direct statuses out of the account's own list."""
    bare_links: bool = False
    """snac writes the address as text; Mastodon wraps it in spans."""
    only_v1: bool = False
    """snac has no /api/v2/instance."""
    scopes: frozenset[str] = ALL_SCOPES
    token: str = TOKEN
    configuration: dict[str, Any] = field(default_factory=dict)
    posts: deque[Post | Refusal] = field(default_factory=deque)
    """What the next posts do; OK once it is empty."""
    denied: Refusal = Refusal(401, '{"error": "The access token is invalid"}')
    undeletable: bool = False
    hold: threading.Event | None = None
    """Where set, a post is stored and its answer held back until then."""
    stored: list[Stored] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    uploads: list[tuple[str, bytes, str]] = field(default_factory=list)
    """Type, bytes and alt text of each."""
    requests: list[str] = field(default_factory=list)
    posted: threading.Event = field(default_factory=threading.Event)
    _polls: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> MastodonDouble:
        double = self

        class Handler(_Handler):
            server_double = double

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.hold:
            self.hold.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def public(self) -> list[Stored]:
        """What stands on the account."""
        return [each for each in self.stored if each.id not in self.deleted]

    def asked(self, what: str) -> int:
        return sum(each.startswith(what) for each in self.requests)

    def put(self, text: str, created_at: datetime, **form: str) -> Stored:
        """Put a status onto the account by another way than the API."""
        fields = {"status": [text], "visibility": ["public"]} | {name: [value] for name, value in form.items()}
        return self.store(fields, "", Post.OK, created_at)

    def store(self, form: dict[str, list[str]], key: str, did: Post, at: datetime | None = None) -> Stored:
        status = Stored(str(114_000 + len(self.stored)), form, at or self.now(), key, did)
        self.stored.append(status)
        return status

    def media_json(self, number: int) -> dict[str, Any]:
        done = self.media is Media.READY or self._polls.get(str(number), 0) >= self.slow_polls
        ready = done and self.media is not Media.NEVER
        url = f"{self.url}/files/{number}" if ready else None
        return {"id": str(number), "type": "image", "url": url, "description": self.uploads[number][2]}

    def status_json(self, status: Stored) -> dict[str, Any]:
        """An entity as docs.joinmastodon.org/entities/Status has it, as far as anybody looks."""
        media = [self.media_json(int(each)) for each in status.form.get("media_ids[]", [])]
        shown: dict[str, Any] = {
            "id": status.id,
            "created_at": status.created_at.isoformat().replace("+00:00", ".000Z"),
            "url": f"{self.url}/@lantern/{status.id}",
            "uri": f"{self.url}/users/lantern/statuses/{status.id}",
            "content": render(status.value("status"), bare=self.bare_links),
            "spoiler_text": status.value("spoiler_text"),
            "sensitive": status.value("sensitive") == "1",
            "visibility": status.value("visibility") or "public",
            "language": status.value("language") or "en",
            "media_attachments": media,
            "reblog": None,
        }
        match status.did:
            case Post.LOST_WARNING:
                shown["spoiler_text"] = ""
            case Post.DROPPED_MEDIA:
                shown["media_attachments"] = []
            case Post.LOST_ALT:
                shown["media_attachments"] = [each | {"description": None} for each in media]
            case Post.WIDENED:
                shown["visibility"] = "public"
            case Post.UNLISTED:
                shown["visibility"] = "unlisted"
            case Post.OTHER_LANGUAGE:
                shown["language"] = "la"
            case _:
                pass
        return shown


def render(text: str, *, bare: bool) -> str:
    """Return a status's HTML: links cut in spans as app/lib/text_formatter.rb cuts them, or bare."""
    words = [html.escape(word) if bare else _link(word) for word in text.replace("\n", " <br> ").split(" ")]
    return f"<p>{' '.join('<br>' if word == html.escape('<br>') else word for word in words)}</p>"


def _link(word: str) -> str:
    if not word.startswith(("http://", "https://")):
        return html.escape(word)
    scheme, rest = word.split("://", 1)
    return (
        f'<a href="{html.escape(word)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{scheme}://</span><span class="ellipsis">{html.escape(rest[:30])}</span>'
        f'<span class="invisible">{html.escape(rest[30:])}</span></a>'
    )


class _Handler(BaseHTTPRequestHandler):
    """The routes."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # Head and body in one packet: the two halves would wait 40 ms for each other.
    server_double: MastodonDouble

    def log_message(self, format: str, *args: object) -> None:
        return

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.server_double.now(), usegmt=True)

    def do_GET(self) -> None:
        self._route()

    def do_POST(self) -> None:
        self._route()

    def do_PUT(self) -> None:
        self._route()

    def do_DELETE(self) -> None:
        self._route()

    def _route(self) -> None:
        double = self.server_double
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        double.requests.append(f"{self.command} {parts.path}")
        for (method, start), (scope, answer) in _ROUTES.items():
            if self.command == method and parts.path.startswith(start):
                if self._may(scope):
                    answer(self, parts.path)
                return
        self._json(404, {"error": "Record not found"})

    def _may(self, scope: str | None) -> bool:
        """Doorkeeper asks for the token, then for the scope, before the record is looked up."""
        double = self.server_double
        if scope is None:
            return True
        if self.headers.get("Authorization") != f"Bearer {double.token}":
            self._refuse(double.denied)
            return False
        if scope not in double.scopes:
            self._json(403, {"error": "This action is outside the authorized scopes"})
            return False
        return True

    def _refuse(self, refusal: Refusal) -> None:
        self._send(refusal.status, refusal.body.encode(), dict(refusal.headers))

    def _json(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        kind = {"Content-Type": "application/json; charset=utf-8"}
        self._send(status, json.dumps(value).encode(), kind | (headers or {}))

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        """End the line without an answer."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def instance(self, path: str) -> None:
        double = self.server_double
        if path.startswith("/api/v2") and double.only_v1:
            self._json(404, {"error": "not found"})
        else:
            self._json(200, {"version": double.version, "configuration": double.configuration})

    def nodeinfo(self, path: str) -> None:
        double = self.server_double
        if path.startswith("/.well-known"):
            # A public name may differ from the address that the API is asked at.
            self._json(200, {"links": [{"rel": "2.0", "href": "https://lantern.example/nodeinfo/2.0"}]})
        else:
            self._json(200, {"software": {"name": double.software, "version": double.version}})

    def credentials(self, path: str) -> None:
        self._json(200, {"id": "7", "acct": "lantern", "username": "lantern"})

    def statuses(self, path: str) -> None:
        """Newest first, at most 40, older than max_id (Api::V1::Accounts::StatusesController)."""
        double = self.server_double
        hidden = ("private", "direct") if double.hides_private else ()
        shown = [each for each in double.public if each.value("visibility") not in hidden]
        shown.sort(key=lambda each: each.created_at, reverse=True)
        before = self.query.get("max_id", [""])[0]
        if before:
            ids = [each.id for each in shown]
            shown = shown[ids.index(before) + 1 :] if before in ids else []
        limit = min(int(self.query.get("limit", ["20"])[0]), 40)
        self._json(200, [double.status_json(each) for each in shown[:limit]])

    def post(self, path: str) -> None:
        double = self.server_double
        form = parse_qs(self.body.decode(), keep_blank_values=True)
        key = self.headers.get("Idempotency-Key", "")
        first = next((each for each in double.stored if each.key == key), None) if key else None
        what = double.posts.popleft() if double.posts else Post.OK
        if isinstance(what, Refusal):
            self._refuse(what)
        elif what is Post.CUT_BEFORE:
            self._cut()
        elif first is not None and double.repeat is Repeat.REPLAYED:
            self._json(200, double.status_json(first))
        elif first is not None and double.repeat is Repeat.BROKEN:
            self._send(500, b"", {})
        else:
            self._posted(double.store(form, key, what))

    def _posted(self, status: Stored) -> None:
        double = self.server_double
        double.posted.set()
        if double.hold:
            double.hold.wait(30)
        match status.did:
            case Post.CUT_AFTER:
                self._cut()
            case Post.UNREADABLE:
                self._send(200, b"<html>One moment, please</html>", {"Content-Type": "text/html"})
            case Post.LATE_500:
                self._send(500, b"", {})
            case Post.ODD_RESET:
                self._json(200, double.status_json(status), {"X-RateLimit-Reset": "soon"})
            case _:
                self._json(200, double.status_json(status))

    def upload(self, path: str) -> None:
        double = self.server_double
        if double.media is Media.REFUSED:
            self._json(422, {"error": "Validation failed: File content type is invalid, File is invalid"})
        elif double.media is Media.FAILING:
            self._send(500, b"<h1>Server Error</h1>", {"Content-Type": "text/html"})
        else:
            parts = _multipart(self.headers.get("Content-Type", ""), self.body)
            file, alt = parts["file"], parts.get("description")
            words = alt.get_payload(decode=True) if alt else b""
            content = file.get_payload(decode=True)
            assert isinstance(content, bytes)
            assert isinstance(words, bytes)
            double.uploads.append((file.get_content_type(), content, words.decode()))
            shown = double.media_json(len(double.uploads) - 1)
            self._json(200 if shown["url"] else 202, shown)

    def attachment(self, path: str) -> None:
        double = self.server_double
        number = path.rpartition("/")[2]
        if not number.isdigit() or int(number) >= len(double.uploads) or self.command == "PUT":
            self._json(404, {"error": "Record not found"})
        elif double.media is Media.BROKEN:
            self._json(422, {"error": "Error processing thumbnail for uploaded media"})
        else:
            double._polls[number] = double._polls.get(number, 0) + 1
            shown = double.media_json(int(number))
            self._json(200 if shown["url"] else 206, shown)

    def delete(self, path: str) -> None:
        double = self.server_double
        number = path.rpartition("/")[2]
        if double.undeletable:
            self._send(500, b"", {})
        elif number in {each.id for each in double.public}:
            double.deleted.append(number)
            self._json(200, {"id": number, "text": ""})
        else:
            self._json(404, {"error": "Record not found"})


def _multipart(kind: str, body: bytes) -> dict[str, Message]:
    """Return the parts of a form by name."""
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts = whole.get_payload()
    assert isinstance(parts, list)
    named = {}
    for part in parts:
        assert isinstance(part, Message)
        named[str(part.get_param("name", header="content-disposition"))] = part
    return named


_ROUTES: dict[tuple[str, str], tuple[str | None, Callable[[_Handler, str], None]]] = {
    ("GET", "/api/v1/instance"): (None, _Handler.instance),
    ("GET", "/api/v2/instance"): (None, _Handler.instance),
    ("GET", "/.well-known/nodeinfo"): (None, _Handler.nodeinfo),
    ("GET", "/nodeinfo/2.0"): (None, _Handler.nodeinfo),
    ("GET", "/api/v1/accounts/verify_credentials"): ("read:accounts", _Handler.credentials),
    ("GET", "/api/v1/accounts/7/statuses"): ("read:statuses", _Handler.statuses),
    ("POST", "/api/v1/statuses"): ("write:statuses", _Handler.post),
    ("DELETE", "/api/v1/statuses/"): ("write:statuses", _Handler.delete),
    ("POST", "/api/v2/media"): ("write:media", _Handler.upload),
    ("GET", "/api/v1/media/"): ("write:media", _Handler.attachment),
    ("PUT", "/api/v1/media/"): ("write:media", _Handler.attachment),
}
