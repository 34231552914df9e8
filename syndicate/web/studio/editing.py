"""What the page writes: an editor's choices for the next issue, as JSON, checked to the last field.

POST /digests/NAME/choices        {"revision": 3, "subject": null, "preheader": null, "note": "…", "lead": 7,
                                   "order": [7, 9], "left_out": []}     → 200 {"revision": 4}
POST /digests/NAME/choices/clear  {"revision": 4}                       → 200 {"revision": 5}

409 where the choices were changed since `revision`; 422 names the field. Who may post at all: guard.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syndicate.compose.choices import Choices
from syndicate.errors import ChoiceError, NotFoundError, SyndicateError
from syndicate.web.studio.scene import Studio

MOST_BODY_BYTES = 64 * 1024
BODY_SECONDS = 10.0
MOST_REVIEWS = 2_000
LARGEST = 2**53
"""Beyond this a browser cannot count."""
_FIELDS = ("revision", "subject", "preheader", "note", "lead", "order", "left_out")


def editing_routes(studio: Studio) -> list[Route]:
    """Return the routes that write."""

    def answering(fields: tuple[str, ...]) -> Any:
        async def endpoint(request: Request) -> Response:
            return await _answer(studio, request, fields)

        return endpoint

    return [
        Route("/digests/{digest}/choices", answering(_FIELDS), methods=["POST"]),
        Route("/digests/{digest}/choices/clear", answering(("revision",)), methods=["POST"]),
    ]


async def _answer(studio: Studio, request: Request, fields: tuple[str, ...]) -> Response:
    body = await _body(request)
    if isinstance(body, Response):
        return body
    return await run_in_threadpool(_written, studio, request.path_params["digest"], body, fields)


async def _body(request: Request) -> bytes | Response:
    """Return the body, read in bounded time and to a bounded length, or the refusal of it."""
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                content += chunk
                if len(content) > MOST_BODY_BYTES:
                    return _error(413, f"more than {MOST_BODY_BYTES // 1024} kB are not read")
    except (TimeoutError, ClientDisconnect):
        return _error(408, "it did not come to an end")
    return bytes(content)


def _written(studio: Studio, digest: str, body: bytes, fields: tuple[str, ...]) -> Response:
    try:
        values = _values(body, fields)
        revision = _number("revision", values["revision"])
        now_at = studio.choose(digest, choices_of(values), revision)
    except ChoiceError as error:
        return _error(422, error.what, field=error.field)
    except NotFoundError as error:
        return _error(404, error.what)
    except SyndicateError as error:
        return _error(503, str(error))
    if now_at is None:
        return _error(409, "it was changed meanwhile; what is kept now is shown")
    return JSONResponse({"revision": now_at})


def _values(body: bytes, fields: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the object of a body, which has these fields and no others. Raises ChoiceError."""
    try:
        values = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise ChoiceError("the body is no JSON", field="") from error
    if not isinstance(values, dict):
        raise ChoiceError("the body is no JSON object", field="")
    for name in fields:
        if name not in values:
            raise ChoiceError("it is missing", field=name)
    for name in values:
        if name not in fields:
            raise ChoiceError("there is no such field", field=name[:40])
    return values


def choices_of(values: Mapping[str, Any]) -> Choices:
    """Return the choices that a body's fields say; those of `clear` say none. Raises ChoiceError for a wrong type."""
    return Choices(
        subject=_text("subject", values.get("subject")),
        preheader=_text("preheader", values.get("preheader")),
        note=_text("note", values.get("note")),
        lead=None if values.get("lead") is None else _number("lead", values["lead"]),
        order=_numbers("order", values.get("order", [])),
        left_out=frozenset(_numbers("left_out", values.get("left_out", []))),
    )


def _text(field: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise ChoiceError("it must be a text or null", field=field)


def _number(field: str, value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST:
        return value
    raise ChoiceError("it must be a whole number", field=field)


def _numbers(field: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > MOST_REVIEWS:
        raise ChoiceError(f"it must be a list of at most {MOST_REVIEWS:,} numbers", field=field)
    return tuple(_number(field, each) for each in value)


def _error(status: int, why: str, **more: str) -> Response:
    return JSONResponse({"error": why, **more}, status)
