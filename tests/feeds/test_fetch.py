"""Fetching, against a real server on loopback that behaves as well or as badly as servers do."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from syndicate.errors import FeedError
from syndicate.feeds.fetch import MAX_REDIRECTS, HttpFetcher
from syndicate.feeds.model import Fetched, FetchResult, NotModified, Validators
from syndicate.feeds.unpack import Inflater
from tests.feeds.site import Page, Site

BODY = b"<?xml version='1.0'?><rss version='2.0'><channel><title>x</title></channel></rss>"
MEGABYTE = 1_000_000


def fetcher(*, max_bytes: int = MEGABYTE, seconds: float = 5) -> HttpFetcher:
    return HttpFetcher(timeout=timedelta(seconds=seconds), max_bytes=max_bytes, allow_private=True)


def body_of(result: FetchResult) -> bytes:
    assert isinstance(result, Fetched)
    return result.body


def refusal(source: str, fetcher_: HttpFetcher | None = None) -> FeedError:
    with pytest.raises(FeedError) as raised:
        (fetcher_ or fetcher()).fetch(source)
    assert raised.value.hint
    return raised.value


# What is polite


def test_a_body_comes_with_what_a_conditional_request_needs(site: Site) -> None:
    url = site.serve(
        "/feed", body=BODY, ETag='"v1"', Last_Modified="Fri, 06 Mar 2026 09:12:00 GMT", Content_Type="text/xml"
    )
    fetched = fetcher().fetch(url)
    assert isinstance(fetched, Fetched)
    assert (fetched.url, fetched.body, fetched.content_type, fetched.moved_to) == (url, BODY, "text/xml", None)
    assert fetched.validators.etag == '"v1"'
    assert fetched.validators.last_modified == "Fri, 06 Mar 2026 09:12:00 GMT"
    assert len(fetched.validators.body_hash or "") == 64


def test_what_is_known_is_sent_back_and_304_costs_no_body(site: Site) -> None:
    url = site.serve("/feed", status=304)
    known = Validators(etag='W/"v1"', last_modified="Fri, 06 Mar 2026 09:12:00 GMT", body_hash="aa")
    assert fetcher().fetch(url, known) == NotModified(validators=known)
    headers = site.requests[0][1]
    assert headers["If-None-Match"] == 'W/"v1"'
    assert headers["If-Modified-Since"] == "Fri, 06 Mar 2026 09:12:00 GMT"


def test_the_same_bytes_again_are_not_modified_whatever_the_server_says(site: Site) -> None:
    url = site.serve("/feed", body=BODY, ETag='"v1"')
    first = fetcher().fetch(url)
    assert isinstance(first, Fetched)
    site.serve("/feed", body=BODY, ETag='"v2"')
    again = fetcher().fetch(url, first.validators)
    assert again == NotModified(validators=Validators(etag='"v2"', body_hash=first.validators.body_hash))


def test_a_304_that_nobody_asked_for_is_refused(site: Site) -> None:
    assert "304" in str(refusal(site.serve("/feed", status=304)))


def test_a_validator_that_could_not_be_sent_back_is_not_kept(site: Site) -> None:
    fetched = fetcher().fetch(site.serve("/feed", body=BODY, ETag='"é"'))
    assert isinstance(fetched, Fetched)
    assert fetched.validators.etag is None


def test_the_program_names_itself_and_asks_only_for_packing_that_it_bounds(site: Site) -> None:
    fetcher().fetch(site.serve("/feed", body=BODY))
    headers = site.requests[0][1]
    assert headers["User-Agent"].startswith("syndicate/")
    assert headers["Accept-Encoding"] == "gzip, deflate"
    assert "application/atom+xml" in headers["Accept"]


def test_a_proxy_of_the_environment_is_not_used(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert body_of(fetcher().fetch(site.serve("/feed", body=BODY))) == BODY


# Packing


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        pytest.param("gzip", gzip.compress(BODY), id="gzip"),
        pytest.param("x-gzip", gzip.compress(BODY), id="x-gzip"),
        pytest.param("gzip", gzip.compress(BODY[:30]) + gzip.compress(BODY[30:]), id="gzip in two members"),
        pytest.param("gzip", gzip.compress(BODY) + b"\0" * 20, id="gzip with padding"),
        pytest.param("deflate", zlib.compress(BODY), id="deflate"),
        pytest.param("deflate", zlib.compress(BODY)[2:-4], id="bare deflate"),
        pytest.param("identity", BODY, id="identity"),
        pytest.param("identity", gzip.compress(BODY), id="a gzip file without a header that says so"),
    ],
)
def test_a_packed_body_is_unpacked(site: Site, encoding: str, packed: bytes) -> None:
    assert body_of(fetcher().fetch(site.serve("/feed", body=packed, Content_Encoding=encoding))) == BODY


@pytest.mark.parametrize(
    ("encoding", "packed", "said"),
    [
        pytest.param("gzip", gzip.compress(bytes(40 * MEGABYTE)), "larger than 1,000,000 bytes", id="gzip bomb"),
        pytest.param("deflate", zlib.compress(bytes(40 * MEGABYTE)), "larger than", id="deflate bomb"),
        pytest.param("identity", gzip.compress(bytes(40 * MEGABYTE)), "larger than", id="gzip file bomb"),
        pytest.param("gzip", gzip.compress(BODY)[:-12], "truncated", id="gzip cut off"),
        pytest.param("gzip", b"no gzip at all", "compression is broken", id="no gzip"),
        pytest.param("gzip", b"", "truncated", id="gzip of nothing"),
        pytest.param("br", b"whatever", "not asked for", id="brotli, which nobody asked for"),
        pytest.param("gzip, gzip", gzip.compress(gzip.compress(BODY)), "not asked for", id="packed twice"),
    ],
)
def test_what_cannot_be_unpacked_within_bounds_is_refused(site: Site, encoding: str, packed: bytes, said: str) -> None:
    assert said in str(refusal(site.serve("/feed", body=packed, Content_Encoding=encoding)))


def test_a_bomb_is_never_unpacked_past_the_limit() -> None:
    bomb = gzip.compress(bytes(40 * MEGABYTE))
    tracemalloc.start()
    with pytest.raises(FeedError, match="larger than"):
        Inflater("gzip", MEGABYTE, "here").feed(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * MEGABYTE


# Size and time


def test_a_body_at_the_limit_is_read_and_one_past_it_is_not(site: Site) -> None:
    url = site.serve("/feed", body=b"x" * 1000)
    assert len(body_of(fetcher(max_bytes=1000).fetch(url))) == 1000
    assert "larger than 999 bytes" in str(refusal(url, fetcher(max_bytes=999)))


def test_an_endless_body_is_cut_off_at_the_limit(site: Site) -> None:
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        while not site.closing.is_set():
            handler.wfile.write(b"x" * 65536)
            sent += 65536

    site.pages["/feed"] = endless
    assert "larger than" in str(refusal(site.url()))
    assert sent < 50 * MEGABYTE


def test_fewer_bytes_than_announced_are_a_truncated_answer(site: Site) -> None:
    url = site.serve("/feed", body=BODY, Content_Length=str(len(BODY) + 10))
    assert "truncated" in str(refusal(url))


def dripping(site: Site, head: bytes) -> Page:
    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not site.closing.wait(0.05):
            handler.wfile.write(b"x")

    return page


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", id="the body drips"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="a header drips"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", id="a chunk drips"),
    ],
)
def test_a_server_that_drips_its_bytes_cannot_hold_us(site: Site, head: bytes) -> None:
    site.pages["/feed"] = dripping(site, head)
    began = time.monotonic()
    assert "no whole answer within 0.5 s" in str(refusal(site.url(), fetcher(seconds=0.5)))
    assert time.monotonic() - began < 2


def test_redirects_share_one_time_limit(site: Site) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        site.closing.wait(0.2)
        handler.send_response(302)
        handler.send_header("Location", "/feed")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.pages["/feed"] = slow
    assert "no whole answer" in str(refusal(site.url(), fetcher(seconds=0.5)))


def test_a_name_server_that_never_answers_cannot_hold_us(site: Site) -> None:
    def silent(host: str, port: int) -> list[str]:
        site.closing.wait(30)
        return []

    stuck = HttpFetcher(timeout=timedelta(seconds=0.3), allow_private=True, resolver=silent)
    assert "no whole answer within 0.3 s" in str(refusal("http://blog.example/feed", stuck))


# Redirects


def redirect(site: Site, path: str, to: str, status: int) -> str:
    return site.serve(path, status=status, Location=to)


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        pytest.param([301], "/1", id="moved for good"),
        pytest.param([308], "/1", id="308 as well"),
        pytest.param([302], None, id="only for now"),
        pytest.param([307], None, id="307 as well"),
        pytest.param([301, 308], "/2", id="twice for good"),
        pytest.param([301, 302], "/1", id="for good, and from there for now"),
        pytest.param([302, 301], None, id="a permanent move of a temporary place"),
    ],
)
def test_only_a_permanent_redirect_moves_the_feed(site: Site, statuses: list[int], moved_to: str | None) -> None:
    for hop, status in enumerate(statuses):
        redirect(site, f"/{hop}", f"/{hop + 1}#part", status)
    end = site.serve(f"/{len(statuses)}", body=BODY)
    fetched = fetcher().fetch(site.url("/0"))
    assert isinstance(fetched, Fetched)
    assert (fetched.url, fetched.moved_to) == (end, site.url(moved_to) if moved_to else None)


def test_redirects_end(site: Site) -> None:
    url = redirect(site, "/feed", "/feed", 302)
    assert "redirects" in str(refusal(url))
    assert len(site.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("ftp://127.0.0.1/", id="ftp"),
        pytest.param("gopher://127.0.0.1/", id="gopher"),
        pytest.param("http://ann:secret@127.0.0.1/", id="with a password"),
        pytest.param("http://[::1/", id="no address at all"),
        pytest.param("http://\u00e4\ud7ff\uffff.example/", id="no host name at all"),
    ],
)
def test_a_redirect_is_held_to_the_rules_of_the_first_address(site: Site, location: str) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode() + b"\r\n\r\n")

    site.pages["/feed"] = page
    message = str(refusal(site.url()))
    assert "secret" not in message
    assert len(site.requests) == 1


def test_a_redirect_without_a_place_is_refused(site: Site) -> None:
    assert "leads nowhere" in str(refusal(site.serve("/feed", status=302)))


# Answers that are no feed


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        pytest.param(401, "login", id="401"),
        pytest.param(403, "refuses programs", id="403"),
        pytest.param(404, "/feeds/posts/default", id="404"),
        pytest.param(410, "gone for good", id="410"),
        pytest.param(418, "browser", id="any other"),
        pytest.param(429, "`every`", id="429"),
        pytest.param(500, "next poll", id="500"),
        pytest.param(503, "next poll", id="503"),
        pytest.param(204, "browser", id="204, a success without a body"),
        pytest.param(206, "browser", id="206, a part"),
    ],
)
def test_each_refusal_of_a_site_says_what_to_do(site: Site, status: int, hint: str) -> None:
    error = refusal(site.serve("/feed", status=status))
    assert str(status) in error.what
    assert hint in (error.hint or "")
    assert error.where == site.url()


def test_a_429_names_the_wait_that_the_site_asked_for(site: Site) -> None:
    assert "3600" in str(refusal(site.serve("/feed", status=429, Retry_After="3600")))


def test_what_is_no_http_is_refused(site: Site) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-whatever\r\n\r\n")

    site.pages["/feed"] = page
    assert "connection broke" in str(refusal(site.url()))


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("http://127.0.0.1:1/feed", id="nobody listens"),
        pytest.param("http://no-such-host.invalid/feed", id="no such host"),
        pytest.param("http://" + "a" * 300 + ".example/", id="a name too long"),
        pytest.param("http://a..b/", id="a name with a hole"),
        pytest.param("http://[::1/", id="half an address"),
        pytest.param("http://x.example:99999/", id="no such port"),
        pytest.param("https://", id="nothing but a scheme"),
        pytest.param("ftp://x.example/feed", id="ftp"),
        pytest.param("file:///etc/hosts", id="file"),
        pytest.param("feed://x.example/feed", id="feed"),
        pytest.param("http://ann:secret@x.example/feed", id="with a password"),
        pytest.param("no/such/file.xml", id="no such file"),
        pytest.param("/", id="a folder"),
        pytest.param("a\0b", id="no file name"),
        pytest.param("/dev/zero", id="a file without an end"),
        pytest.param("sample:nothing", id="no such sample"),
        pytest.param("sample:../pyproject", id="a sample outside of the package"),
    ],
)
def test_a_source_that_cannot_be_read_is_a_clear_error(source: str) -> None:
    assert "secret" not in str(refusal(source))


# Files


def test_a_file_is_read_and_known_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("feed.xml").write_bytes(BODY)
    fetched = fetcher().fetch("feed.xml")
    assert isinstance(fetched, Fetched)
    assert (fetched.url, fetched.body, fetched.content_type) == ("feed.xml", BODY, None)
    assert isinstance(fetcher().fetch("feed.xml", fetched.validators), NotModified)


def test_a_gzip_file_is_unpacked_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml.gz"
    path.write_bytes(gzip.compress(BODY))
    assert body_of(fetcher().fetch(str(path))) == BODY
    path.write_bytes(gzip.compress(bytes(40 * MEGABYTE)))
    assert "larger than" in str(refusal(str(path)))


def test_the_sample_is_a_feed_inside_the_package() -> None:
    assert body_of(fetcher().fetch("sample:lantern")).startswith(b"<?xml")
