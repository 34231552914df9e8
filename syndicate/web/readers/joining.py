"""Joining: the form, what becomes of it, and the button behind the link in the mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import assert_never
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from syndicate.audience.model import OptIn
from syndicate.log import event
from syndicate.pipeline.joining import (
    ConfirmAnswer,
    Confirmation,
    JoinAnswer,
    JoinRequest,
    confirm,
    look_at_confirm,
    request_join,
)
from syndicate.web.readers.asking import Asked, Came, Stamp, Step, came_from, next_step, read_stamp, stamp
from syndicate.web.readers.desk import EMAIL, LIST, STAMP, TRAP, Desk, fields_of, wants_json
from syndicate.web.readers.forms import BadForm, Fields

SENT, JOINED = "/sent", "/joined"
MOST_ADDRESS_CHARS = 320
_HOUR_SECONDS = "3600"
_SAID: Mapping[Stamp, str] = {Stamp.TOO_QUICK: "join.too_quick", Stamp.TOO_OLD: "join.too_old"}
_REFUSED: Mapping[JoinAnswer, tuple[int, str]] = {
    JoinAnswer.BAD_ADDRESS: (400, "join.bad_address"),
    JoinAnswer.UNKNOWN_LIST: (400, "join.no_list"),
    JoinAnswer.TOO_MANY: (429, "join.too_many"),
}


def form(desk: Desk, request: Request) -> Response:
    """Answer with our own form: of all open lists, or of the one that the path names."""
    named = request.path_params.get("name")
    lists = [each for each in desk.open_lists() if named in (None, each.key)]
    if not lists:
        return desk.refusal(request, 404)
    return _form(desk, lists=[each.key for each in lists])


def subscribe(desk: Desk, request: Request) -> Response:
    """Take a request to join, from our form, from that of a site named in config.yaml, or from a script there."""
    try:
        fields = fields_of(request)
    except BadForm:
        return _shared(desk, request, desk.refusal(request, 400))
    came = came_from(
        request.headers.get("origin"), request.headers.get("sec-fetch-site"), own=desk.own, named=desk.named
    )
    stamped = read_stamp(desk.app.keyring, fields.one(STAMP), desk.app.clock.now())
    match next_step(Asked(came=came, stamp=stamped, trap=fields.one(TRAP))):
        case Step.PRETEND:
            event("form-trap", origin=request.headers.get("origin"))
            answer = _taken(desk, request, _lists(desk, fields))
        case Step.ASK_AGAIN:
            answer = _ask_again(desk, request, fields, stamped)
        case Step.GO_ON:
            answer = _join(desk, request, fields, came)
        case never:
            assert_never(never)
    return _shared(desk, request, answer)


def preflight(desk: Desk, request: Request) -> Response:
    """Answer a browser that asks whether a script of another site may send the form (CORS preflight)."""
    answer = Response(status_code=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
    if request.headers.get("origin") in desk.named:
        answer.headers["Access-Control-Allow-Methods"] = "POST"
        answer.headers["Access-Control-Allow-Headers"] = "content-type"
        answer.headers["Access-Control-Max-Age"] = _HOUR_SECONDS
    return _shared(desk, request, answer)


def sent(desk: Desk, _request: Request) -> Response:
    """Answer with "look in your mailbox": the same for everybody."""
    return desk.page("sent", title="sent.title", texts=("sent.text", "sent.nothing", "sent.never"))


def joined(desk: Desk, _request: Request) -> Response:
    """Answer with the thanks of lists that ask for no confirmation: the same for everybody."""
    return desk.page("sent", title="joined.title", texts=("joined.text", "sent.never"))


def confirmation(desk: Desk, request: Request) -> Response:
    """Answer with the button that confirms. Changes nothing: mail scanners open every link."""
    return _confirmation(desk, look_at_confirm(desk.app, request.path_params["token"]))


def confirmed(desk: Desk, request: Request) -> Response:
    """Confirm, and say what came of it."""
    return _confirmation(desk, confirm(desk.app, request.path_params["token"]))


def _confirmation(desk: Desk, found: Confirmation) -> Response:
    status = {ConfirmAnswer.UNKNOWN: 404, ConfirmAnswer.EXPIRED: 410}.get(found.answer, 200)
    if found.answer is ConfirmAnswer.UNKNOWN:
        return desk.page("unknown", status=status)
    return desk.page("confirm", status=status, answer=found.answer.value, lists=desk.titles(found.lists))


def _join(desk: Desk, request: Request, fields: Fields, came: Came) -> Response:
    lists = _lists(desk, fields)
    site = urlsplit(request.headers.get("origin", "")).hostname if came is Came.A_NAMED_SITE else desk.host
    asked = JoinRequest(
        address=fields.one(EMAIL)[:MOST_ADDRESS_CHARS],
        lists=lists,
        came_from=f"the form on {site}",
        network=desk.client(request),
    )
    answer = request_join(desk.app, asked)
    if answer is JoinAnswer.TAKEN:
        return _taken(desk, request, lists)
    status, said = _REFUSED[answer]
    headers = {"Retry-After": _HOUR_SECONDS} if status == 429 else {}
    return _again(desk, request, fields, said, status=status, headers=headers)


def _taken(desk: Desk, request: Request, lists: Collection[str]) -> Response:
    """Answer that all is well. It depends on the lists asked for alone, and on nothing that we know of the reader."""
    asks = any(each.opt_in is OptIn.DOUBLE for each in desk.open_lists() if each.key in lists)
    if wants_json(request):
        return JSONResponse({"ok": True, "message": _say(desk, "sent.text" if asks else "joined.text")})
    return RedirectResponse(f"{desk.public_url}{SENT if asks else JOINED}", 303)


def _ask_again(desk: Desk, request: Request, fields: Fields, stamped: Stamp) -> Response:
    """Answer with our own form, filled in, with a good stamp; one that is only too young goes on ripening."""
    return _again(
        desk,
        request,
        fields,
        _SAID.get(stamped, "join.again"),
        status=403 if wants_json(request) else 200,
        old_stamp=fields.one(STAMP) if stamped in (Stamp.TOO_QUICK, Stamp.GOOD) else "",
    )


def _again(
    desk: Desk,
    request: Request,
    fields: Fields,
    said: str,
    *,
    status: int,
    old_stamp: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    if wants_json(request):
        told = {"ok": False, "message": _say(desk, said), "page": f"{desk.public_url}/subscribe"}
        return JSONResponse(told, status, headers)
    lists = _lists(desk, fields)
    known = [each.key for each in desk.open_lists()]
    return _form(
        desk,
        lists=[each for each in known if len(lists) == 1 and each in lists] or known,
        chosen=lists,
        email=fields.one(EMAIL)[:MOST_ADDRESS_CHARS],
        said=said,
        status=status,
        old_stamp=old_stamp,
        headers=headers,
    )


def _form(
    desk: Desk,
    *,
    lists: Collection[str],
    chosen: Collection[str] = (),
    email: str = "",
    said: str = "",
    status: int = 200,
    old_stamp: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    shown = [each for each in desk.open_lists() if each.key in lists]
    if not shown:
        return desk.page("error", status=404, code=404)
    return desk.page(
        "subscribe",
        status=status,
        headers=headers,
        lists=shown,
        chosen=chosen,
        email=email,
        said=said,
        asks=any(each.opt_in is OptIn.DOUBLE for each in shown),
        stamp=old_stamp or stamp(desk.app.keyring, desk.app.clock.now()),
    )


def _lists(desk: Desk, fields: Fields) -> tuple[str, ...]:
    """Return the lists that are asked for; where none is named and only one is open, that one."""
    named = fields.all(LIST)
    known = tuple(each.key for each in desk.open_lists())
    return named or (known if len(known) == 1 else ())


def _say(desk: Desk, key: str) -> str:
    return desk.pages.words(key, site=desk.app.config.site.name)


def _shared(desk: Desk, request: Request, answer: Response) -> Response:
    """Let a script of a named site read the answer, and no other (Fetch §3.2)."""
    answer.headers["Vary"] = "Origin"
    origin = request.headers.get("origin")
    if origin in desk.named:
        answer.headers["Access-Control-Allow-Origin"] = str(origin)
    return answer
