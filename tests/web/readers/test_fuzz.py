"""Whatever is thrown at the pages: no fault of ours, and no look that changes anything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndicate.audience.tokens import Purpose
from tests.web.readers.house import BLOG, BLOGSPOT, HOST, OWN, House, house

pytestmark = pytest.mark.slow

LOOKS = ("GET", "GET", "GET", "GET", "HEAD", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND")


@contextmanager
def lived_in() -> Iterator[House]:
    """Open an installation with a reader and somebody who asked, whose limits are out of the way."""
    roomy = ("per_network: 1000", "per_network: 1000000")
    with tempfile.TemporaryDirectory() as folder, house(Path(folder), roomy) as here:
        here.reader("ada@reader.example", "readers", "festival")
        here.join("bo@reader.example")
        yield here


@pytest.fixture(scope="module")
def busy() -> Iterator[House]:
    """Return an installation that forms are sent to."""
    with lived_in() as here:
        yield here


@pytest.fixture(scope="module")
def quiet() -> Iterator[House]:
    """Return an installation that is only looked at, so that there always is something left to change."""
    with lived_in() as here:
        yield here


def real_tokens(here: House) -> list[str]:
    ada, bo = "ada@reader.example", "bo@reader.example"
    return [
        here.token(Purpose.READER, ada, "readers"),
        here.token(Purpose.READER, ada),
        here.token(Purpose.CONFIRM, bo, "readers"),
        here.token(Purpose.FORM, bo),
    ]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40)


@st.composite
def tokens(draw: st.DrawFn, known: list[str]) -> str:
    """Return a real token, one with a piece cut out, doubled, swapped or replaced, or any text."""
    token = draw(st.sampled_from(known))
    at, to = sorted((draw(st.integers(0, len(token))), draw(st.integers(0, len(token)))))
    other = draw(st.sampled_from(known))
    return draw(
        st.sampled_from(
            [token, token[:at] + token[to:], token[:to] + token[at:], token[:at] + other[at:], token.upper()]
        )
        | TEXTS.map(lambda text: token[:at] + text + token[to:])
        | TEXTS
    )


@st.composite
def requests(draw: st.DrawFn, known: list[str], methods: Sequence[str]) -> tuple[str, str, dict[str, str], bytes]:
    """Return a method, a path, headers and a body."""
    method = draw(st.sampled_from(methods))
    token = quote(draw(st.sampled_from(known) | tokens(known)), safe=".-+_")
    pages = st.sampled_from([f"/{page}/{token}" for page in ("confirm", "leave", "preferences")])
    path = draw(
        pages
        | pages
        | st.sampled_from(["/", "/subscribe", "/sent", "/joined", "/robots.txt", "/healthz", f"/subscribe/{token}"])
        | TEXTS.map(lambda text: "/" + quote(text, safe="/?&=%"))
    )
    headers = {"Host": draw(st.sampled_from([HOST] * 12 + ["elsewhere.example", ""]))}
    for name, values in {
        "Origin": st.sampled_from([OWN, BLOG, "null"]) | HEADER,
        "Accept": st.sampled_from(["text/html", "application/json"]) | HEADER,
        "Content-Type": st.sampled_from(
            ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"]
        )
        | HEADER,
        "X-Forwarded-For": HEADER,
        "Sec-Fetch-Site": st.sampled_from(["same-origin", "cross-site"]),
        "Cookie": HEADER,
    }.items():
        if draw(st.booleans()):
            headers[name] = draw(values)
    return method, path, headers, draw(bodies(known))


@st.composite
def bodies(draw: st.DrawFn, known: list[str]) -> bytes:
    """Return a body: a form of our fields with odd values, one click, or any bytes."""
    names = st.sampled_from(["email", "list", "homepage", "stamp", "leave-all", "List-Unsubscribe"])
    values = st.sampled_from(
        ["ada@reader.example", "new@reader.example", "readers", "festival", "friends", "One-Click"]
    )
    pairs = draw(st.lists(st.tuples(names, values | TEXTS | tokens(known)), max_size=5))
    form: Any = "&".join(f"{name}={quote(value)}" for name, value in pairs).encode()
    parts = b"".join(
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value.encode())
        for name, value in pairs
    )
    return draw(
        st.sampled_from([form, parts + b"--b--\r\n", parts, b"List-Unsubscribe=One-Click"]) | st.binary(max_size=60)
    )


def answer(here: House, request: tuple[str, str, dict[str, str], bytes]) -> None:
    """Send a request, and hold its answer to what every answer keeps."""
    method, path, headers, body = request
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    answer = here.ask(method, path, headers=raw, content=body)  # type: ignore[arg-type]
    assert answer.status_code < 500
    assert "set-cookie" not in answer.headers
    assert answer.headers.get("location", f"{OWN}/sent") in (f"{OWN}/sent", f"{OWN}/joined")
    assert answer.headers.get("access-control-allow-origin", BLOG) in (BLOG, BLOGSPOT)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_form_meets_a_fault_of_ours(busy: House, data: st.DataObject) -> None:
    answer(busy, data.draw(requests(real_tokens(busy), ["POST"])))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_look_changes_anything(quiet: House, data: st.DataObject) -> None:
    before = quiet.dump()
    answer(quiet, data.draw(requests(real_tokens(quiet), LOOKS)))
    assert quiet.dump() == before


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_token_but_a_true_one_changes_a_reader(quiet: House, data: st.DataObject) -> None:
    known = real_tokens(quiet)
    token = data.draw(tokens(known).filter(lambda token: token not in known))
    page = data.draw(st.sampled_from(["confirm", "leave", "preferences"]))
    before = quiet.dump()
    quiet.ask("POST", f"/{page}/{quote(token, safe='.-+_')}", content=b"List-Unsubscribe=One-Click")
    assert quiet.dump() == before
