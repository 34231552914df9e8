"""Fetching: politely (conditional requests, few bytes) and safely (bounded in time, size, hops and place).

source ─┬─ http(s)://…   at most five redirects, each checked like the first address
        ├─ sample:NAME   a feed that ships inside the package
        └─ a file path
"""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from importlib import resources
from pathlib import Path

import httpcore
import httpx

from syndicate import __version__
from syndicate.errors import FeedError
from syndicate.feeds.model import Fetched, FetchResult, NotModified, Validators
from syndicate.feeds.network import Deadline, GuardedBackend, Resolver, resolve
from syndicate.feeds.unpack import ACCEPTED_ENCODINGS, Inflater, Plain, Unpacker, refuse_size, unpack_file

MAX_REDIRECTS = 5
USER_AGENT = f"syndicate/{__version__}"

_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)
_PERMANENT = frozenset({301, 308})
_REDIRECTS = frozenset({302, 303, 307}) | _PERMANENT
_HINTS: Mapping[int, str] = {
    401: "the site asks for a login; use its public feed",
    403: "the site refuses programs; open the address in a browser, and ask the site if it works there",
    404: "check the address; Blogger's feed is at …/feeds/posts/default, WordPress's at …/feed/",
    410: "the feed is gone for good: take it out of config.yaml, or give its new address",
    429: "the site asks for fewer readings: raise `every` of this feed in config.yaml",
}


class HttpFetcher:
    """Fetches feeds and pictures; implements `protocols.Fetcher`. May be used by several threads at once."""

    def __init__(
        self,
        *,
        timeout: timedelta = timedelta(seconds=20),
        max_bytes: int = 20_000_000,
        allow_private: bool = False,
        user_agent: str = USER_AGENT,
        resolver: Resolver = resolve,
    ) -> None:
        """`timeout` is for the whole fetch, redirects included; `max_bytes` for the body after unpacking."""
        self._timeout = timeout.total_seconds()
        self._max_bytes = max_bytes
        self._allow_private = allow_private
        self._user_agent = user_agent
        self._resolver = resolver

    def fetch(self, source: str, validators: Validators | None = None) -> FetchResult:
        """Return the body at `source`, or NotModified where it is what `validators` describe.

        Raises FeedError where nothing whole, safe and small enough came: the caller's validators then stay
        as they are.
        """
        known = validators or Validators()
        if re.match(r"https?://", source, re.I):
            return self._fetch_web(source, known)
        body = self._read(source)
        return _result(body, url=source, content_type=None, known=known, said=Validators(), moved_to=None)

    def _read(self, source: str) -> bytes:
        if source.startswith("sample:"):
            return _read_sample(source)
        if re.match(r"[a-z][a-z0-9+.-]*://", source, re.I):
            hint = "give an address that begins with https:// or http://, or the path of a file"
            raise FeedError("a feed is read over http and https only", where=source, hint=hint)
        return _read_file(source, self._max_bytes)

    # The web

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        # Built once: reading the certificates costs more than a request.
        return httpx.create_ssl_context()

    def _fetch_web(self, url: str, known: Validators) -> FetchResult:
        transport = _Transport(
            self._trust,
            GuardedBackend(
                deadline=Deadline(self._timeout), allow_private=self._allow_private, resolver=self._resolver
            ),
        )
        try:
            with httpx.Client(transport=transport, trust_env=False, timeout=self._timeout) as client:
                return self._follow(client, url, known)
        except (httpx.HTTPError, httpx.InvalidURL, httpcore.TimeoutException, UnicodeError) as fault:
            raise _explained(fault, url, self._timeout) from fault

    def _follow(self, client: httpx.Client, url: str, known: Validators) -> FetchResult:
        """Return what stands at the end of the redirects."""
        moved_to, only_permanent = None, True
        for _hop in range(MAX_REDIRECTS + 1):
            _refuse_address(url)
            with client.stream("GET", url, headers=self._headers(known)) as response:
                if response.status_code not in _REDIRECTS:
                    return self._answer(response, url, known, moved_to)
                only_permanent = only_permanent and response.status_code in _PERMANENT
                url = _redirected(response, url)
                moved_to = url if only_permanent else moved_to
        raise FeedError(f"more than {MAX_REDIRECTS} redirects", where=url, hint="open the address in a browser")

    def _headers(self, known: Validators) -> dict[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": ACCEPTED_ENCODINGS,
        }
        if known.etag:
            headers["If-None-Match"] = known.etag
        if known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        return headers

    def _answer(self, response: httpx.Response, url: str, known: Validators, moved_to: str | None) -> FetchResult:
        said = Validators(etag=_header(response, "etag"), last_modified=_header(response, "last-modified"))
        if response.status_code == 304 and (known.etag or known.last_modified):
            return NotModified(validators=_refreshed(known, said))
        if response.status_code != 200:
            raise _refusal(response, url)
        body = unpack_file(self._body(response, url), max_bytes=self._max_bytes, where=url)
        content_type = response.headers.get("content-type")
        return _result(body, url=url, content_type=content_type, known=known, said=said, moved_to=moved_to)

    def _body(self, response: httpx.Response, url: str) -> bytes:
        """Return the body, unpacked; it is never longer than the limit at any moment of reading."""
        unpacker = self._unpacker(response, url)
        for piece in response.iter_raw():
            unpacker.feed(piece)
        return unpacker.close()

    def _unpacker(self, response: httpx.Response, url: str) -> Unpacker:
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self._max_bytes:
            refuse_size(self._max_bytes, url)
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        match encoding:
            case "identity" | "":
                return Plain(self._max_bytes, url)
            case "gzip" | "x-gzip" | "deflate":
                return Inflater(encoding, self._max_bytes, url)
            case _:
                raise FeedError(
                    f"the answer is packed as {encoding[:40]!r}, which was not asked for",
                    where=url,
                    hint=f"the site's server should honour Accept-Encoding: {ACCEPTED_ENCODINGS}",
                )


class _Transport(httpx.HTTPTransport):
    """httpx over a network backend of ours; it has no setting for one, so its pool is replaced."""

    def __init__(self, trust: ssl.SSLContext, backend: GuardedBackend) -> None:
        super().__init__(verify=trust, trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=trust, network_backend=backend)


def _refuse_address(url: str) -> None:
    """Raise FeedError for an address that is not plain http(s); redirects are held to it as well."""
    address = httpx.URL(url)
    if address.scheme not in ("http", "https") or not address.host:
        hint = "give an address that begins with https:// or http://"
        raise FeedError("a feed is read over http and https only", where=url[:200], hint=hint)
    if address.userinfo:
        raise FeedError(
            "an address with a user name or password is not read",
            where=str(address.copy_with(userinfo=b"")),
            hint="use the site's public feed",
        )


def _redirected(response: httpx.Response, url: str) -> str:
    location = response.headers.get("location", "")
    if not location:
        raise FeedError("a redirect that leads nowhere", where=url, hint="open the address in a browser")
    return str(httpx.URL(url).join(location).copy_with(fragment=None))


def _header(response: httpx.Response, name: str) -> str | None:
    """Return a validator as it can be sent back: plain ASCII, of a sane length."""
    value = response.headers.get(name, "").strip()
    return value if value.isascii() and value.isprintable() and 0 < len(value) <= 500 else None


def _refusal(response: httpx.Response, url: str) -> FeedError:
    status = response.status_code
    hint = _HINTS.get(status)
    if status >= 500:
        hint = "the site has trouble; it is asked again at the next poll"
    elif status == 429 and (wait := _header(response, "retry-after")):
        hint = f"{hint} (it named a wait: {wait[:40]})"
    return FeedError(
        f"the site answered {status} {response.reason_phrase}".rstrip(),
        where=url,
        hint=hint or "open the address in a browser",
    )


def _explained(fault: Exception, url: str, timeout: float) -> FeedError:
    match fault:
        case httpx.TimeoutException() | httpcore.TimeoutException():
            what = f"no whole answer within {timeout:g} s"
            hint = "try again later, or raise http.timeout in config.yaml"
        case httpx.ConnectError():
            what, hint = f"cannot connect: {fault}", "check the address, and this machine's network"
        case httpx.RemoteProtocolError() if "complete" in str(fault):
            what, hint = "the answer is truncated: fewer bytes came than were announced", "try again later"
        case httpx.InvalidURL() | httpx.UnsupportedProtocol() | UnicodeError():
            what, hint = "this is no address that can be fetched", "check the address"
        case _:
            what, hint = f"the connection broke: {fault or type(fault).__name__}", "try again later"
    return FeedError(what, where=url, hint=hint)


def _refreshed(known: Validators, said: Validators) -> Validators:
    return Validators(
        etag=said.etag or known.etag,
        last_modified=said.last_modified or known.last_modified,
        body_hash=known.body_hash,
    )


def _result(
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    known: Validators,
    said: Validators,
    moved_to: str | None,
) -> FetchResult:
    """Return NotModified for the very bytes of last time: no validators, and no parsing either."""
    body_hash = hashlib.sha256(body).hexdigest()
    if body_hash == known.body_hash:
        return NotModified(validators=_refreshed(known, said))
    validators = Validators(etag=said.etag, last_modified=said.last_modified, body_hash=body_hash)
    return Fetched(url=url, body=body, content_type=content_type, validators=validators, moved_to=moved_to)


# Files


def _read_file(path: str, max_bytes: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            body = file.read(max_bytes + 1)
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
        hint = "give the path of a file, or an address that begins with https://"
        raise FeedError(f"the file cannot be read: {reason}", where=path, hint=hint) from fault
    if len(body) > max_bytes:
        refuse_size(max_bytes, path)
    return unpack_file(body, max_bytes=max_bytes, where=path)


def _read_sample(source: str) -> bytes:
    name = source.removeprefix("sample:")
    file = resources.files("syndicate") / "sample" / f"{name}.xml"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not file.is_file():
        raise FeedError("there is no sample of that name", where=source, hint="use sample:lantern")
    return file.read_bytes()
