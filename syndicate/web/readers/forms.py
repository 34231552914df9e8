"""A request's body → its fields: urlencoded, multipart or JSON, whichever a form, a script or a mail provider sends."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from python_multipart import parse_form
from python_multipart.multipart import Field as Part
from python_multipart.multipart import parse_options_header

MOST_FIELDS = 100
URLENCODED, MULTIPART, JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"

# It warns of every broken form, in lines of its own: whoever sends them would fill the log.
_LIBRARY_LOG = logging.getLogger("python_multipart")
_LIBRARY_LOG.addHandler(logging.NullHandler())
_LIBRARY_LOG.propagate = False


class BadForm(Exception):
    """The body is not what its content type says, or of a type that no form has."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What was sent, each field with its values in their order."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """Return a field's first value, stripped; empty where it was not sent."""
        return next(iter(self.values.get(name, ())), "").strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Return a field's values that are not empty, each once."""
        return tuple(dict.fromkeys(text for each in self.values.get(name, ()) if (text := each.strip())))


def media_type(content_type: str) -> str:
    """Return "multipart/form-data" of 'Multipart/Form-Data; boundary="x"'."""
    return content_type.partition(";")[0].strip().lower()


def parse_fields(content_type: str, body: bytes) -> Fields:
    """Return the fields of a body. Raises BadForm; files that were sent along are left out.

    An empty body has no fields, whatever its type.
    """
    if not body:
        return Fields()
    match media_type(content_type):
        case "application/x-www-form-urlencoded":
            return _urlencoded(body)
        case "multipart/form-data":
            return _multipart(content_type, body)
        case "application/json":
            return _json(body)
    raise BadForm(f"no form is sent as {media_type(content_type) or 'nothing'}")


def _urlencoded(body: bytes) -> Fields:
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise BadForm(str(error)) from error
    return _gathered(pairs)


def _multipart(content_type: str, body: bytes) -> Fields:
    _, options = parse_options_header(content_type)
    if not options.get(b"boundary"):
        raise BadForm("multipart without a boundary")
    pairs: list[tuple[str, str]] = []

    def keep(part: Part) -> None:
        if len(pairs) >= MOST_FIELDS:
            raise BadForm("too many fields")
        pairs.append((_text(part.field_name), _text(part.value)))

    headers = {"Content-Type": content_type.encode("latin-1", "replace"), "Content-Length": str(len(body)).encode()}
    try:
        parse_form(headers, io.BytesIO(body), on_field=keep, on_file=lambda _file: None)
    except ValueError as error:  # its own errors among them
        raise BadForm(str(error)) from error
    return _gathered(pairs)


def _json(body: bytes) -> Fields:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadForm("the body is no JSON") from error
    if not isinstance(said, dict) or len(said) > MOST_FIELDS:
        raise BadForm("the body is no JSON object of a few fields")
    return _gathered([(name, each) for name, value in said.items() for each in _texts(value)])


def _texts(value: object) -> list[str]:
    """Return a JSON value as a form would send it: a text, or several; a number is none of our fields."""
    values = [each for each in (value if isinstance(value, list) else [value]) if each is not None]
    texts = [each for each in values if isinstance(each, str)]
    if len(texts) < len(values):
        raise BadForm("a field is neither a text nor a list of texts")
    return texts[:MOST_FIELDS]


def _gathered(pairs: list[tuple[str, str]]) -> Fields:
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), _whole(value))
    return Fields(values)


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "replace")


def _whole(text: str) -> str:
    """Return a text without halves of characters, which JSON can spell and no page or database can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
