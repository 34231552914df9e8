"""A request's body becomes fields, or is refused: never anything else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.web.readers.forms import BadForm, parse_fields

URLENCODED, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, b"email=ada%40reader.example&list=a&list=b&list=a&list="),
        ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", b"email=+ada%40reader.example+&list=a&list=b"),
        (
            'multipart/form-data; boundary="x y"',
            b'--x y\r\nContent-Disposition: form-data; name="email"\r\n\r\nada@reader.example\r\n'
            b'--x y\r\nContent-Disposition: form-data; name="list"\r\n\r\na\r\n'
            b'--x y\r\nContent-Disposition: form-data; name="list"\r\n\r\nb\r\n'
            b'--x y\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n\x89PNG\r\n--x y--\r\n',
        ),
        (JSON, json.dumps({"email": "ada@reader.example", "list": ["a", "b"], "homepage": None}).encode()),
    ],
    ids=["urlencoded", "with a charset", "multipart with a file", "JSON"],
)
def test_every_kind_of_form_gives_the_same_fields(kind: str, body: bytes) -> None:
    fields = parse_fields(kind, body)
    assert (fields.one("email"), fields.all("list"), fields.one("homepage")) == ("ada@reader.example", ("a", "b"), "")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b"email=ada"),
        ("text/plain", b"email=ada"),
        (URLENCODED, b"a=1&" * 101),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"no boundary here"),
        ("multipart/form-data; boundary=" + "x" * 300, b"--x--"),
        (JSON, b"[" * 60_000),
        (JSON, b'["ada"]'),
        (JSON, b'{"email": 7}'),
        (JSON, b'{"email": {"a": "b"}}'),
        (JSON, b"{"),
        (JSON, b"\xff\xfe{"),
    ],
    ids=range(12),
)
def test_what_is_no_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(BadForm):
        parse_fields(kind, body)


def test_a_strangers_form_writes_nothing_into_the_log() -> None:
    code = (
        "from syndicate.web.readers.forms import BadForm, parse_fields\n"
        "for body in (b'--x', b'--b\\r\\nContent-Disposition: form-data; name=a\\r\\n'\n"
        "             b'Content-Transfer-Encoding: frob\\r\\n\\r\\nx\\r\\n--b--\\r\\n'):\n"
        "    try: parse_fields('multipart/form-data; boundary=b', body)\n"
        "    except BadForm: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("refused\n", "")


def test_half_a_character_becomes_a_whole_one() -> None:
    fields = parse_fields(JSON, b'{"email": "\\ud83d@reader.example"}')
    assert fields.one("email").encode()


KINDS = st.sampled_from(
    [URLENCODED, JSON, "multipart/form-data; boundary=x", "multipart/form-data; boundary=", "multipart/form-data", ""]
)
PIECES = st.sampled_from(
    [
        b"--x\r\n",
        b"--x--",
        b"\r\n\r\n",
        b"Content-Disposition: form-data; name=",
        b'"email"',
        b"%zz",
        b"=",
        b"&",
        b"{",
        b'"',
    ]
)


@given(KINDS | st.text(max_size=80), st.lists(PIECES | st.binary(max_size=12), max_size=12).map(b"".join))
def test_any_bytes_are_fields_or_refused(kind: str, body: bytes) -> None:
    try:
        fields = parse_fields(kind, body)
    except BadForm:
        return
    assert all(text.encode() is not None for values in fields.values.values() for text in values)
