"""How each relay writes down what came back. A row is a JSON object, or a line of a CSV under its header.

    Amazon SES  docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestinationSummary.html
                docs.aws.amazon.com/ses/latest/dg/notification-contents.html (Amazon SNS, event publishing)
    Mailgun     documentation.mailgun.com, API reference: bounces, complaints, unsubscribes; its CSVs have their columns
    Brevo       developers.brevo.com/reference/get-transac-blocked-contacts, …/getemaileventreport-1, webhooks; log CSV
    Postmark    postmarkapp.com/developer/api/suppressions-api, …/bounce-api#bounce-types, and its webhooks

Their keys are compared without regard to case, their words without regard to case, blanks and hyphens.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from syndicate.returns.model import ReturnKind
from syndicate.returns.statements import Statement, moment_of, text_of

_HARD, _SOFT, _POLICY = ReturnKind.HARD, ReturnKind.SOFT, ReturnKind.POLICY
_COMPLAINT, _LEFT = ReturnKind.COMPLAINT, ReturnKind.UNSUBSCRIBE
_LATE, _WENT, _ANSWER = ReturnKind.DELAYED, ReturnKind.DELIVERED, ReturnKind.AUTO_REPLY
Row = Mapping[str, Any]
"""Keys in lower case."""


class Relay(StrEnum):
    """Whose exports we read."""

    SES = "ses"
    MAILGUN = "mailgun"
    BREVO = "brevo"
    POSTMARK = "postmark"


SES_BOUNCES: Mapping[str, ReturnKind] = {
    "permanent": _HARD,
    "permanent/unsubscribedrecipient": _LEFT,
    "transient": _SOFT,
    "transient/messagetoolarge": _POLICY,
    "transient/contentrejected": _POLICY,
    "transient/attachmentrejected": _POLICY,
    "undetermined": _SOFT,
}
"""By type, or by type and subtype where that one says more."""
SES_EVENTS: Mapping[str, ReturnKind] = {
    **dict.fromkeys(("send", "delivery", "open", "click"), _WENT),
    "deliverydelay": _LATE,
    "reject": _POLICY,
    "renderingfailure": _POLICY,
}
SES_REASONS: Mapping[str, ReturnKind] = {"bounce": _HARD, "complaint": _COMPLAINT}
BREVO_WORDS: Mapping[str, ReturnKind] = {
    **dict.fromkeys(("hardbounce", "hardbounces", "invalid", "invalidemail", "invalidemails"), _HARD),
    **dict.fromkeys(("softbounce", "softbounces"), _SOFT),
    **dict.fromkeys(("spam", "complaint", "complaints", "contactflaggedasspam"), _COMPLAINT),
    **dict.fromkeys(("unsubscribed", "unsubscribe", "unsubscribedviama", "unsubscribedviaemail"), _LEFT),
    **dict.fromkeys(("unsubscribedviaapi", "adminblocked"), _LEFT),
    **dict.fromkeys(("blocked", "error"), _POLICY),
    "deferred": _LATE,
    **dict.fromkeys(("request", "requests", "sent", "delivered", "opened", "uniqueopened", "firstopening"), _WENT),
    **dict.fromkeys(("click", "clicks", "clicked", "loadedbyproxy", "proxyopen", "uniqueproxyopen"), _WENT),
}
POSTMARK_WORDS: Mapping[str, ReturnKind] = {
    **dict.fromkeys(("hardbounce", "bademailaddress"), _HARD),
    **dict.fromkeys(("transient", "softbounce", "dnserror", "unknown"), _SOFT),
    **dict.fromkeys(("blocked", "spamnotification", "virusnotification", "dmarcpolicy", "openrelaytest"), _POLICY),
    **dict.fromkeys(("smtpapierror", "inbounderror", "templaterenderingfailed"), _POLICY),
    "spamcomplaint": _COMPLAINT,
    **dict.fromkeys(("unsubscribe", "manuallydeactivated", "manualsuppression"), _LEFT),
    **dict.fromkeys(("autoresponder", "addresschange", "challengeverification", "subscribe", "unconfirmed"), _ANSWER),
    **dict.fromkeys(("delivery", "open", "click"), _WENT),
}


def relay_of(row: Row) -> Relay | None:
    """Return whose row this is, by its keys, or None."""
    keys = set(row)
    if keys & {"notificationtype", "eventtype", "lastupdatetime"} or {"emailaddress", "reason"} <= keys:
        return Relay.SES
    if keys & {"suppressionreason", "recordtype", "bouncedat", "typecode"}:
        return Relay.POSTMARK
    if keys & {"blockedat", "st_text"} or {"email", "event"} <= keys:
        return Relay.BREVO
    return Relay.MAILGUN if "address" in keys and keys & {"code", "error", "tags", "tag", "created_at"} else None


def _ses(row: Row) -> Iterator[Statement]:
    """Yield what a row of the suppression list says, or a notification: of each of its recipients."""
    event = row.get("notificationtype") or row.get("eventtype")
    if event is None:
        yield _statement(row, row.get("emailaddress"), row.get("reason"), SES_REASONS, at="lastupdatetime")
        return
    match _plain(event):
        case "bounce":
            yield from _ses_bounces(_lower(row.get("bounce")))
        case "complaint":
            told = _lower(row.get("complaint"))
            is_mistake = _plain(told.get("complaintfeedbacktype")) == "notspam"
            kinds = {"complaint": _WENT if is_mistake else _COMPLAINT}
            for each in _objects(told.get("complainedrecipients")):
                yield _statement(told, each.get("emailaddress"), "complaint", kinds, at="timestamp")
        case _:
            mail = _lower(row.get("mail"))
            named = mail.get("destination")
            for address in named if isinstance(named, list) else [named]:
                yield _statement(mail, address, event, SES_EVENTS, at="timestamp")


def _ses_bounces(told: Row) -> Iterator[Statement]:
    kind, subtype = _plain(told.get("bouncetype")), _plain(told.get("bouncesubtype"))
    for each in _objects(told.get("bouncedrecipients")):
        status = text_of(each.get("status"))
        found = SES_BOUNCES.get(f"{kind}/{subtype}", SES_BOUNCES.get(kind))
        # A permanent bounce may be the receiver's opinion of us, which is no reason to lose the reader.
        refused_us = found is _HARD and (status or "").startswith("5.7.")
        yield Statement(
            address=str(each.get("emailaddress") or ""),
            word=f"{told.get('bouncetype')}/{told.get('bouncesubtype')}",
            kind=_POLICY if refused_us else found,
            status=status,
            diagnostic=text_of(each.get("diagnosticcode")),
            at=moment_of(told.get("timestamp")),
        )


def _mailgun(row: Row) -> Iterator[Statement]:
    """Yield what a row of one of the three lists says: each list has columns of its own."""
    if "code" in row or "error" in row:
        word, kind = "bounce", _SOFT if str(row.get("code") or "").startswith("4") else _HARD
    elif "tags" in row or "tag" in row:
        word, kind = "unsubscribe", _LEFT
    else:
        word, kind = "complaint", _COMPLAINT
    yield _statement(row, row.get("address"), word, {word: kind}, at="created_at", words="error")


def _brevo(row: Row) -> Iterator[Statement]:
    """Yield what a blocked contact, an event, or a line of the log says."""
    reason = row.get("reason")
    word = reason.get("code") if isinstance(reason, dict) else row.get("event") or row.get("st_text") or reason
    words = reason.get("message") if isinstance(reason, dict) else reason
    at = next((name for name in ("blockedat", "date", "ts_event", "ts") if row.get(name)), "date")
    yield _statement({**row, "said": words}, row.get("email"), word, BREVO_WORDS, at=at, words="said")


def _postmark(row: Row) -> Iterator[Statement]:
    """Yield what a suppression, a bounce, or one of the webhooks about them says."""
    if row.get("suppresssending") is False:
        yield Statement(address=str(row.get("recipient") or ""), word="SubscriptionChange", kind=_WENT)
        return
    word = row.get("suppressionreason") or row.get("type") or row.get("recordtype")
    address = row.get("emailaddress") or row.get("email") or row.get("recipient")
    at = next((name for name in ("bouncedat", "createdat", "changedat") if row.get(name)), "createdat")
    yield _statement(
        row, address, word, POSTMARK_WORDS, at=at, words="details" if row.get("details") else "description"
    )


READERS: Mapping[Relay, Callable[[Row], Iterator[Statement]]] = {
    Relay.SES: _ses,
    Relay.MAILGUN: _mailgun,
    Relay.BREVO: _brevo,
    Relay.POSTMARK: _postmark,
}


def _statement(
    row: Row, address: object, word: object, words_of: Mapping[str, ReturnKind], *, at: str, words: str = ""
) -> Statement:
    return Statement(
        address=str(address or ""),
        word=str(word),
        kind=words_of.get(_plain(word)),
        diagnostic=text_of(row.get(words)),
        at=moment_of(row.get(at)),
    )


def unwrapped(row: Row) -> Row:
    """Return the message that an SNS envelope carries, or the row itself."""
    if _plain(row.get("type")) != "notification" or not isinstance(row.get("message"), str):
        return row
    try:
        return _lower(json.loads(row["message"])) or row
    except (ValueError, RecursionError):
        return row


def lowered(row: Mapping[Any, Any]) -> Row:
    """Return a row with its keys in lower case."""
    return {str(key).strip().lower(): value for key, value in row.items()}


def _lower(value: object) -> Row:
    return lowered(value) if isinstance(value, dict) else {}


def _objects(value: object) -> Iterable[Row]:
    return [_lower(each) for each in value] if isinstance(value, list) else []


def _plain(word: object) -> str:
    return re.sub(r"[^a-z0-9]", "", str(word or "").lower())
