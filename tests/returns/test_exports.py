"""A relay's export: every row says something of an address, or is named as not understood."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import AudienceError
from syndicate.returns.exports import read_export
from syndicate.returns.model import ReturnKind
from syndicate.returns.relays import Relay
from syndicate.returns.statements import NotUnderstood, Reported

ADA, BO = "ada@reader.example", "bo@reader.example"
K = ReturnKind


def told(text: str, relay: Relay | None = None) -> list[tuple[str, ReturnKind]]:
    """Return (address, kind) of what was understood; nothing may be left over."""
    found = list(read_export(text.splitlines(keepends=True), relay))
    assert [each for each in found if isinstance(each, NotUnderstood)] == []
    return [(each.address, each.kind) for each in found if isinstance(each, Reported)]


def ses(kind: str, **body: object) -> dict[str, object]:
    mail = {"timestamp": "2026-11-20T09:00:00.000Z", "destination": [ADA], "source": "news@lantern.example"}
    return {"notificationType": kind, kind.lower(): body, "mail": mail}


def ses_bounce(kind: str, subtype: str, status: str = "5.1.1") -> dict[str, object]:
    recipient = {"emailAddress": ADA, "status": status, "action": "failed", "diagnosticCode": f"smtp; 550 {status} no"}
    return ses("Bounce", bounceType=kind, bounceSubType=subtype, bouncedRecipients=[recipient])


DOCUMENTS: dict[str, tuple[object, list[tuple[str, ReturnKind]]]] = {
    "SES suppression list": (
        {
            "SuppressedDestinationSummaries": [
                {"EmailAddress": ADA, "Reason": "BOUNCE", "LastUpdateTime": "2026-11-20T09:00:00+00:00"},
                {"EmailAddress": BO, "Reason": "COMPLAINT", "LastUpdateTime": 1795166400.0},
            ],
            "NextToken": "x",
        },
        [(ADA, K.HARD), (BO, K.COMPLAINT)],
    ),
    "SES permanent": (ses_bounce("Permanent", "General"), [(ADA, K.HARD)]),
    "SES permanent by policy": (ses_bounce("Permanent", "General", "5.7.1"), [(ADA, K.POLICY)]),
    "SES unsubscribed there": (ses_bounce("Permanent", "UnsubscribedRecipient"), [(ADA, K.UNSUBSCRIBE)]),
    "SES mailbox full": (ses_bounce("Transient", "MailboxFull", "4.2.2"), [(ADA, K.SOFT)]),
    "SES content": (ses_bounce("Transient", "ContentRejected", "5.6.1"), [(ADA, K.POLICY)]),
    "SES undetermined": (ses_bounce("Undetermined", "Undetermined"), [(ADA, K.SOFT)]),
    "SES complaint": (ses("Complaint", complainedRecipients=[{"emailAddress": ADA}]), [(ADA, K.COMPLAINT)]),
    "SES not spam": (
        ses("Complaint", complainedRecipients=[{"emailAddress": ADA}], complaintFeedbackType="not-spam"),
        [(ADA, K.DELIVERED)],
    ),
    "SES delivery": (ses("Delivery"), [(ADA, K.DELIVERED)]),
    "SES in an SNS envelope": (
        {"Type": "Notification", "Message": json.dumps(ses_bounce("Permanent", "NoEmail"))},
        [(ADA, K.HARD)],
    ),
    "Mailgun bounces": (
        {
            "items": [
                {
                    "address": ADA,
                    "code": "550",
                    "error": "No such mailbox",
                    "created_at": "Fri, 20 Nov 2026 09:00:00 UTC",
                }
            ],
            "paging": {"next": "https://relay.example/next"},
        },
        [(ADA, K.HARD)],
    ),
    "Mailgun complaints": (
        {"items": [{"address": ADA, "created_at": "Fri, 20 Nov 2026 09:00:00 UTC"}]},
        [(ADA, K.COMPLAINT)],
    ),
    "Mailgun unsubscribes": (
        {"items": [{"address": ADA, "tags": ["*"], "created_at": "Fri, 20 Nov 2026 09:00:00 UTC"}]},
        [(ADA, K.UNSUBSCRIBE)],
    ),
    "Brevo blocked contacts": (
        {
            "count": 3,
            "contacts": [
                {
                    "email": ADA,
                    "senderEmail": "",
                    "reason": {"code": "hardBounce", "message": "Hard bounced"},
                    "blockedAt": "2026-11-20T09:00:00.000Z",
                },
                {
                    "email": BO,
                    "reason": {"code": "contactFlaggedAsSpam", "message": ""},
                    "blockedAt": "2026-11-20T09:00:00.000Z",
                },
                {
                    "email": ADA,
                    "reason": {"code": "unsubscribedViaEmail", "message": ""},
                    "blockedAt": "2026-11-20T09:00:00.000Z",
                },
            ],
        },
        [(ADA, K.HARD), (BO, K.COMPLAINT), (ADA, K.UNSUBSCRIBE)],
    ),
    "Brevo events": (
        {"events": [{"email": ADA, "date": "2026-11-20T09:00:00.000+01:00", "event": "softBounces", "reason": "full"}]},
        [(ADA, K.SOFT)],
    ),
    "Brevo webhook": ({"event": "hard_bounce", "email": ADA, "date": "2026-11-20 09:00:00"}, [(ADA, K.HARD)]),
    "Postmark suppressions": (
        {
            "Suppressions": [
                {
                    "EmailAddress": ADA,
                    "SuppressionReason": "HardBounce",
                    "Origin": "Recipient",
                    "CreatedAt": "2026-11-20T09:00:00-05:00",
                },
                {
                    "EmailAddress": BO,
                    "SuppressionReason": "SpamComplaint",
                    "Origin": "Recipient",
                    "CreatedAt": "2026-11-20T09:00:00-05:00",
                },
                {
                    "EmailAddress": BO,
                    "SuppressionReason": "ManualSuppression",
                    "Origin": "Customer",
                    "CreatedAt": "2026-11-20T09:00:00-05:00",
                },
            ]
        },
        [(ADA, K.HARD), (BO, K.COMPLAINT), (BO, K.UNSUBSCRIBE)],
    ),
    "Postmark bounces": (
        {
            "TotalCount": 2,
            "Bounces": [
                {
                    "ID": 7,
                    "Type": "Transient",
                    "TypeCode": 2,
                    "Email": ADA,
                    "BouncedAt": "2026-11-20T16:09:19.6421112-05:00",
                    "Details": "later",
                },
                {
                    "ID": 8,
                    "Type": "SpamNotification",
                    "TypeCode": 512,
                    "Email": BO,
                    "BouncedAt": "2026-11-20T16:09:19Z",
                    "Details": "spam",
                },
            ],
        },
        [(ADA, K.SOFT), (BO, K.POLICY)],
    ),
    "Postmark webhook": (
        {
            "RecordType": "SubscriptionChange",
            "Recipient": ADA,
            "SuppressSending": True,
            "SuppressionReason": "ManualSuppression",
        },
        [(ADA, K.UNSUBSCRIBE)],
    ),
    "Postmark reactivation": (
        {"RecordType": "SubscriptionChange", "Recipient": ADA, "SuppressSending": False},
        [(ADA, K.DELIVERED)],
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "indented"])
def test_each_relays_json_is_read(name: str, indent: int | None) -> None:
    document, expected = DOCUMENTS[name]
    assert told(json.dumps(document, indent=indent)) == expected
    assert told(json.dumps(document), Relay(name.split()[0].lower())) == expected


def test_documents_may_stand_one_a_line_or_one_after_another() -> None:
    rows = [json.dumps(DOCUMENTS[name][0]) for name in ("SES permanent", "Brevo webhook", "Mailgun bounces")]
    expected = [(ADA, K.HARD)] * 3
    assert (
        told("\n".join(rows)) == told("".join(rows)) == told(f"\ufeff\n[{','.join(rows[:2])}]\n{rows[2]}\n") == expected
    )


CSVS = {
    "Mailgun bounces": (f'address,code,error,created_at\n{ADA},550,"no, such",\n', [(ADA, K.HARD)]),
    "Mailgun unsubscribes": (f"address;tags;created_at\n{ADA};*;\n", [(ADA, K.UNSUBSCRIBE)]),
    "Mailgun complaints": (f"address,created_at\n{ADA},x\n", [(ADA, K.COMPLAINT)]),
    "Postmark suppressions": (
        f"EmailAddress,SuppressionReason,Origin,CreatedAt\r\n{ADA},SpamComplaint,Recipient,x\r\n",
        [(ADA, K.COMPLAINT)],
    ),
    "SES suppressions": (f"EmailAddress\tReason\tLastUpdateTime\n{ADA}\tBOUNCE\tx\n", [(ADA, K.HARD)]),
    "Brevo log": (
        f"\ufeffst_text,ts,sub,frm,email\nHard bounce,1795166400,Two films,news@lantern.example,{ADA}\n",
        [(ADA, K.HARD)],
    ),
}


@pytest.mark.parametrize("name", CSVS)
def test_each_relays_csv_is_read(name: str) -> None:
    text, expected = CSVS[name]
    assert told(text) == expected
    assert told(text, Relay(name.split()[0].lower())) == expected


def only(text: str, relay: Relay | None = None) -> Reported | NotUnderstood:
    (each,) = read_export(text.splitlines(keepends=True), relay)
    return each


def test_a_statement_keeps_when_it_happened_and_what_the_server_said() -> None:
    each = only(
        json.dumps(
            ses_bounce("Permanent", "General")
            | {
                "bounce": {
                    "bounceType": "Permanent",
                    "bounceSubType": "General",
                    "timestamp": "2026-11-20T09:00:00.000Z",
                    "bouncedRecipients": [
                        {"emailAddress": "Ada@Reader.Example", "status": "5.1.1", "diagnosticCode": "smtp; 550\n no"}
                    ],
                }
            }
        )
    )
    assert isinstance(each, Reported)
    assert (each.address, each.status, each.diagnostic) == ("Ada@reader.example", "5.1.1", "smtp; 550 no")
    assert each.at == datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"colour": "red"}', "no row of a relay that we know; it has: colour"),
        ('{"email": "ada@reader.example", "event": "teleported"}', 'ada@reader.example: we do not know "teleported"'),
        ('{"address": "nobody", "code": "550"}', '"nobody" is no email address'),
        ('{"address": "a\\u0007@b.example\\nX: y", "code": "550"}', '"a\\x07@b.example\\x0aX: y" is no email address'),
        ('{"notificationType": "Bounce", "bounce": 7}', "it names no address"),
        ('{"notificationType": "Bounce", "bounce": {"bouncedRecipients": ["x"]}}', '": we do not know "None/None"'),
        ('{"items": [', "no JSON, or not whole"),
        ('{"items": [7]}', "no object"),
        ("[" * 100_000, "no JSON, or not whole"),
        ("name,colour\nada,red\n", "no header of a relay that we know, so no row was read: name,colour"),
    ],
    ids=[
        "keys",
        "word",
        "address",
        "control characters",
        "no object",
        "no recipients",
        "cut",
        "numbers",
        "deep",
        "CSV",
    ],
)
def test_what_is_not_understood_is_named(text: str, why: str) -> None:
    each = only(text)
    assert isinstance(each, NotUnderstood)
    assert why.strip('"') in each.why


def test_another_relays_rows_are_refused_where_the_editor_names_one() -> None:
    each = only(json.dumps(DOCUMENTS["SES permanent"][0]), Relay.BREVO)
    assert isinstance(each, NotUnderstood)
    assert each.why.startswith("no row of brevo")


def test_a_bad_row_stops_no_other_and_has_its_line() -> None:
    text = f"address,code,error,created_at\n{ADA},550,,\nnobody,550,,\n{BO},550,,\n"
    found = list(read_export(text.splitlines(keepends=True)))
    assert [type(each).__name__ for each in found] == ["Reported", "NotUnderstood", "Reported"]
    assert [each.where for each in found] == ["line 2", "line 3", "line 4"]


def test_of_a_download_that_was_cut_off_the_whole_rows_are_taken() -> None:
    rows = [{"EmailAddress": f"r{number}@reader.example", "Reason": "BOUNCE"} for number in range(5)]
    whole = json.dumps({"SuppressedDestinationSummaries": rows}, indent=1)
    found = list(read_export(whole[: whole.index("r4@")].splitlines(keepends=True)))
    assert [each.address for each in found if isinstance(each, Reported)] == [
        f"r{number}@reader.example" for number in range(4)
    ]
    assert any(isinstance(each, NotUnderstood) for each in found)


@pytest.mark.parametrize("text", ["", "\n \n", "\ufeff"])
def test_an_empty_file_is_said_to_be_empty(text: str) -> None:
    with pytest.raises(AudienceError, match="the file is empty"):
        list(read_export(text.splitlines(keepends=True)))


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(ADA),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "items",
                    "address",
                    "code",
                    "bounce",
                    "notificationType",
                    "mail",
                    "destination",
                    "email",
                    "event",
                    "reason",
                    "Type",
                    "Message",
                    "EmailAddress",
                    "SuppressionReason",
                    "Suppressions",
                    "x",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSONISH)
def test_no_json_is_dropped_or_breaks_the_reading(value: object) -> None:
    found = list(read_export([json.dumps([value])]))
    assert found


@given(st.text(min_size=1).filter(lambda text: text.strip("\ufeff \t\r\n")))
def test_no_text_breaks_the_reading(text: str) -> None:
    for each in read_export([text]):
        assert each.where.startswith("line ")
