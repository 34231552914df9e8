"""What a refusal means: a status code and a server's words."""

from __future__ import annotations

import pytest

from syndicate.returns.model import ReturnKind
from syndicate.returns.status import kind_of, kind_of_reply, refined_status

HARD, SOFT, POLICY, DELIVERED = ReturnKind.HARD, ReturnKind.SOFT, ReturnKind.POLICY, ReturnKind.DELIVERED


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (HARD, "5.1.1 5.1.2 5.1.3 5.1.6 5.1.10 5.2.1"),
        (
            SOFT,
            "4.0.0 4.2.2 4.3.0 4.4.1 4.4.7 4.7.1 5.0.0 5.1.0 5.1.4 5.2.0 5.2.2 5.2.3 5.3.0 5.3.4 "
            "5.4.0 5.4.1 5.4.4 5.4.6",
        ),
        (SOFT, "5.4.310 5.5.0 5.5.2 5.6.0 5.6.7 5.9.9 nonsense 9.9.9"),
        (POLICY, "5.7.0 5.7.1 5.7.25 5.7.26 5.7.133 5.7.515 5.1.7 5.1.8"),
        (DELIVERED, "2.0.0 2.1.5"),
    ],
    ids=["hard", "soft", "soft, unsure", "policy", "delivered"],
)
def test_a_status_without_words(kind: ReturnKind, statuses: str) -> None:
    assert {status: kind_of(status, None) for status in statuses.split()} == dict.fromkeys(statuses.split(), kind)


@pytest.mark.parametrize("words", [None, "", " ", "\x00", "sorry", "500 miles away"])
def test_doubt_is_soft(words: str | None) -> None:
    assert kind_of(None, words) is SOFT


WORDS = [
    # The words make it hard where the code says nothing.
    ("5.0.0", "550 user unknown", HARD),
    (None, "550 No such user here", HARD),
    (None, "550 <ada@readers.example>: User unknown", HARD),
    (None, "550 Mailbox not found", HARD),
    (None, "550 invalid mailbox", HARD),
    (None, "554 delivery error: dd This user doesn't have an account (ada@readers.example) [0] - mta1.example", HARD),
    (None, "554 delivery error: dd Sorry, this mailbox is disabled (554.30).", HARD),
    (None, "sorry, no mailbox here by that name. (#5.1.1)", HARD),
    (None, "550 Requested action not taken: mailbox unavailable", HARD),
    ("5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable", HARD),
    ("5.2.0", "550 5.2.0 user unknown", HARD),
    ("5.0.0", "Unrouteable address", HARD),
    ("5.1.0", "550 5.1.0 Recipient not found", HARD),
    ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", HARD),
    (None, "550 5.1.1 Empfänger unbekannt", HARD),
    (None, "550 Benutzer nicht gefunden", HARD),
    (None, "550 Das Konto existiert nicht", HARD),
    (None, "550 Utilisateur inconnu", HARD),
    (None, "550 Adresse d au moins un destinataire invalide", HARD),
    (None, "550 Utente sconosciuto", HARD),
    (None, "550 Usuario desconocido", HARD),
    (None, "550 Usuário não existe", HARD),
    (None, "550 Gebruiker onbekend", HARD),
    (None, "550 宛先が見つかりません", HARD),
    (None, "550 用户不存在", HARD),
    # Names are no reasons.
    (None, "host mx1.antispam.example[192.0.2.1] said: 550 5.1.1 user unknown", HARD),
    (None, "host spam.example[192.0.2.1] said: 550 5.1.1 <spam@readers.example>: user unknown", HARD),
    ("5.1.1", "550-5.1.1 does not exist. See https://support.example/?p=NoSuchUser", HARD),
    ("5.1.1", "550 5.1.1 Mailbox has been blocked after a year of silence", HARD),
    # Not now, whatever the code.
    ("5.1.1", "552 mailbox is full", SOFT),
    ("5.1.1", "450 4.1.1 user unknown", SOFT),
    ("5.2.1", "550 5.2.1 The user you are trying to contact is receiving mail at a rate that", SOFT),
    ("4.7.1", "450 4.7.1 Greylisted, try again later", SOFT),
    (None, "450 mailbox unavailable", SOFT),
    (None, "452 out of storage space", SOFT),
    (None, "550 Postfach voll", SOFT),
    (None, "550 La boîte de réception est pleine", SOFT),
    (None, "550 buzón del usuario lleno", SOFT),
    (None, "550 容量を超えています", SOFT),
    ("5.4.4", "Host or domain name not found", SOFT),
    (None, "552 Message size exceeds fixed limit", SOFT),
    (None, "550 #5.1.0 Address rejected.", SOFT),
    # Not from you.
    ("5.1.1", "550 5.1.1 blocked using zen.spamhaus.org", POLICY),
    ("5.0.0", "550 relay not permitted", POLICY),
    ("5.0.0", "550 Sender verify failed", POLICY),
    (None, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", POLICY),
    (None, "550 5.7.515 Access denied, sending domain lantern.example does not meet the level", POLICY),
    (None, "550-5.7.26 unauthenticated", POLICY),
    ("5.7.1", "554 5.7.1 <ada@readers.example>: Recipient address rejected: Access denied", POLICY),
    (None, "554 Message rejected: looks like spam", POLICY),
    (None, "550 mailbox unavailable, see https://postmaster.gmx.net/en/case?c=r06", POLICY),
    (None, "550 Abgelehnt aufgrund der Richtlinie", POLICY),
    ("4.7.0", "421 4.7.0 rate limited", POLICY),
    (None, "421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints", POLICY),
    # Code and words that contradict each other: nobody is suppressed for that.
    ("5.7.1", "550 5.7.1 user unknown", SOFT),
    (None, "550 5.7.1 <ada@readers.example>: Recipient address rejected: User unknown in virtual mailbox table", SOFT),
    ("5.1.1", "550 5.1.1 user unknown, or you are blocked by our reputation filter", SOFT),
    ("5.4.4", "550 5.4.4 user unknown", SOFT),
]


@pytest.mark.parametrize(("status", "words", "kind"), WORDS, ids=lambda part: str(part)[:50])
def test_the_words_correct_the_code(status: str | None, words: str, kind: ReturnKind) -> None:
    assert kind_of(status, words) is kind


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("550 5.1.1 <ada@readers.example>: user unknown", HARD),
        ("550-5.1.1 The account that you tried to reach does not exist.\r\n550 5.1.1 gsmtp", HARD),
        ("452 4.2.2 over quota", SOFT),
        ("451 4.3.0 internal error", SOFT),
        ("550 no", SOFT),
        ("554 5.7.1 blocked", POLICY),
        ("550-5.7.26 This mail has been blocked because the sender is unauthenticated.\r\n550 5.7.26 gsmtp", POLICY),
        ("250 2.1.5 Ok", DELIVERED),
        ("", SOFT),
    ],
    ids=["hard", "hard, lines", "soft", "soft, server", "bare", "policy", "policy, lines", "taken", "nothing"],
)
def test_a_reply_at_sending_time(reply: str, kind: ReturnKind) -> None:
    assert kind_of_reply(reply) is kind


@pytest.mark.parametrize(
    ("given", "words", "status"),
    [
        ("5.1.1", "550 5.2.2 full", "5.1.1"),
        ("5.0.0", "smtp; 550 5.1.1 unknown", "5.1.1"),
        ("5.0.0", "450 4.1.1 unknown", "5.0.0"),
        (None, "Exim 4.94.2: 550 5.1.1 unknown", "5.1.1"),
        (None, "version 5.2.1 at [5.1.1.9] says no", None),
        ("5.1.1 (bad destination mailbox address)", "", "5.1.1"),
        ("rubbish", "", None),
    ],
    ids=["given", "vague", "other class", "a version before", "a version and a network", "comment", "rubbish"],
)
def test_the_most_telling_status_is_taken(given: str | None, words: str, status: str | None) -> None:
    assert refined_status(given, words) == status
