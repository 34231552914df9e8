"""Messages of many kinds of software, each with what it says. Their shapes are real, their words and people are not."""

from __future__ import annotations

from dataclasses import dataclass

from tests.returns.letters import (
    ORIGINAL,
    READER,
    TOKEN,
    complaint,
    encoded,
    failed,
    from_daemon,
    from_person,
    mail,
    multipart,
    report,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A message and what it must be understood to say."""

    name: str
    content: bytes
    kind: str
    recipients: tuple[str, ...] = ()
    status: str | None = None


ADA = (READER,)
NESTED_REPORT = report(failed()).decode().replace("=_lantern", "=_inner")
NESTED_COMPLAINT = complaint("Feedback-Type: abuse\nVersion: 1").decode().replace("=_lantern", "=_inner")

REPORTS = [
    Case(
        name="postfix user unknown",
        content=report(
            f"Final-Recipient: rfc822; {READER}\nOriginal-Recipient: rfc822;{READER}\nAction: failed\nStatus: 5.1.1\n"
            "Remote-MTA: dns; mx.readers.example\n"
            f"Diagnostic-Code: smtp; 550 5.1.1 <{READER}>: Recipient address rejected: User\n"
            "    unknown in virtual mailbox table",
            text=f"This is the mail system at host mx.example.\n\n<{READER}>: host "
            "mx.readers.example[192.0.2.9] said: 550 "
            "5.1.1 Recipient address rejected (in reply to RCPT TO command)\n",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="postfix no such domain",
        content=report(
            failed(status="5.4.4", diagnostic="X-Postfix; Host or domain name not found. Name service error")
        ),
        kind="soft",
        recipients=ADA,
        status="5.4.4",
    ),
    Case(
        name="postfix delayed",
        content=report(
            failed(
                action="delayed",
                status="4.4.1",
                diagnostic="X-Postfix; connect to mx.readers.example[192.0.2.9]:25: Connection timed out",
            )
            + "Will-Retry-Until: Tue, 10 Nov 2026 18:00:00 +0000",
            subject="Delayed Mail (still being retried)",
        ),
        kind="delayed",
        recipients=ADA,
        status="4.4.1",
    ),
    Case(
        name="postfix patience over",
        content=report(
            failed(status="4.4.1", diagnostic="X-Postfix; connect to mx.readers.example: Connection timed out")
        ),
        kind="soft",
        recipients=ADA,
        status="4.4.1",
    ),
    Case(
        name="postfix headers of the original alone",
        content=report(failed(), original_type="text/rfc822-headers", original=ORIGINAL.partition("\n\n")[0] + "\n"),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="postfix delivered, as asked for",
        content=report(
            failed(action="delivered", status="2.0.0", diagnostic="smtp; 250 2.0.0 Ok: queued as 4XYZ"),
            subject="Successful Mail Delivery Report",
        ),
        kind="delivered",
        recipients=ADA,
        status="2.0.0",
    ),
    Case(
        name="postfix relayed",
        content=report(failed(action="relayed (to a server without DSN)", status="2.0.0")),
        kind="delivered",
        recipients=ADA,
        status="2.0.0",
    ),
    Case(
        name="sendmail expanded",
        content=report(failed(action="expanded (to multi-recipient alias)", status="2.0.0")),
        kind="delivered",
        recipients=ADA,
        status="2.0.0",
    ),
    Case(
        name="sendmail user unknown",
        content=report(
            f"Original-Recipient: rfc822;{READER}\nFinal-Recipient: RFC822; ada@inner.readers.example\nAction: failed\n"
            "Status: 5.1.1\nRemote-MTA: DNS; inner.readers.example\n"
            "Diagnostic-Code: SMTP; 550 5.1.1 <ada@inner.readers.example>... User unknown\n"
            "Last-Attempt-Date: Fri, 6 Nov 2026 08:00:00 GMT",
            subject="Returned mail: see transcript for details",
            sender="Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
            more="Auto-Submitted: auto-generated (failure)",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="sendmail mailbox full",
        content=report(
            failed(status="5.2.2", diagnostic="X-Unix; 552 5.2.2 Quota exceeded"),
            subject="Returned mail: Quota exceeded",
        ),
        kind="soft",
        recipients=ADA,
        status="5.2.2",
    ),
    Case(
        name="exim report with the remote's words",
        content=report(
            f"Action: failed\nFinal-Recipient: rfc822;{READER}\nStatus: 5.0.0\nRemote-MTA: dns; mx.readers.example\n"
            "Diagnostic-Code: smtp; 550 5.1.1 No such mailbox",
            sender="Mail Delivery System <Mailer-Daemon@mx.example>",
            subject="Mail delivery failed: returning message to sender",
            more=f"X-Failed-Recipients: {READER}\nAuto-Submitted: auto-replied",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="exim report, reason in the text alone",
        content=report(
            f"Action: failed\nFinal-Recipient: rfc822;{READER}\nStatus: 5.0.0",
            sender="Mail Delivery System <Mailer-Daemon@mx.example>",
            subject="Mail delivery failed: returning message to sender",
            text="This message was created automatically by mail delivery software.\n\nA message "
            "that you sent could not "
            f"be delivered to one or more of its recipients.\n\n  {READER}\n    Unrouteable address\n",
        ),
        kind="hard",
        recipients=ADA,
        status="5.0.0",
    ),
    Case(
        name="exim retry time over",
        content=report(
            failed(status="5.0.0", diagnostic="smtp; host mx.readers.example [192.0.2.9]: retry timeout exceeded"),
        ),
        kind="soft",
        recipients=ADA,
        status="5.0.0",
    ),
    Case(
        name="microsoft 365 recipient not found",
        content=report(
            failed(
                recipient=f"rfc822;{READER}",
                status="5.1.10",
                diagnostic="smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            ),
            sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@readers.example>",
            subject="Undeliverable: Three films for a dark week",
            more="Content-Language: en-US\nX-Auto-Response-Suppress: All\nReturn-Path: <>",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.10",
    ),
    Case(
        name="microsoft 365 refused at the edge",
        content=report(
            failed(
                status="5.4.1",
                diagnostic="smtp;550 5.4.1 Recipient address rejected: Access denied. [DB5EUR01FT034.eop.example]",
            ),
            sender="postmaster@relay.example",
            subject="Undeliverable: Three films for a dark week",
        ),
        kind="hard",
        recipients=ADA,
        status="5.4.1",
    ),
    Case(
        name="microsoft 365 expired in the queue",
        content=report(failed(status="5.4.1", diagnostic="smtp;550 4.4.7 QUEUE.Expired; message expired in the queue")),
        kind="soft",
        recipients=ADA,
        status="5.4.1",
    ),
    Case(
        name="microsoft 365 group closed to strangers",
        content=report(
            failed(
                status="5.7.133",
                diagnostic="smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; not authorized to write here",
            )
        ),
        kind="policy",
        recipients=ADA,
        status="5.7.133",
    ),
    Case(
        name="outlook.com authentication demanded",
        content=report(
            failed(
                status="5.7.515",
                diagnostic="smtp; 550 5.7.515 Access denied, sending domain lantern.example does not meet the level",
            )
        ),
        kind="policy",
        recipients=ADA,
        status="5.7.515",
    ),
    Case(
        name="hotmail mailbox unavailable",
        content=report(
            failed(
                status="5.5.0",
                diagnostic="smtp;550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)",
            )
        ),
        kind="hard",
        recipients=ADA,
        status="5.5.0",
    ),
    Case(
        name="hotmail network on a list",
        content=report(
            failed(
                status="5.7.1",
                diagnostic="smtp; 550 5.7.1 Unfortunately, messages from [192.0.2.10] were not "
                "sent. Part of their network "
                "is on our block list (S3150).",
            )
        ),
        kind="policy",
        recipients=ADA,
        status="5.7.1",
    ),
    Case(
        name="gmail no such user",
        content=report(
            failed(
                diagnostic="smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n"
                " 550-5.1.1 double-checking the recipient's email address for typos or\n "
                "550-5.1.1 unnecessary spaces. For "
                "more, go to\n 550 5.1.1  https://support.example/mail/?p=NoSuchUser a640c23a62f3a-9eb5 - gsmtp"
            ),
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
            subject="Delivery Status Notification (Failure)",
            more=f"X-Failed-Recipients: {READER}\nIn-Reply-To: "
            "<issue-34.7@lantern.example>\nAuto-Submitted: auto-replied",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="gmail over quota",
        content=report(
            failed(
                status="5.2.2",
                diagnostic="smtp; 552-5.2.2 The recipient's inbox is out of storage space and inactive. Please direct\n"
                " 552 5.2.2 the recipient to its help pages. - gsmtp",
            )
        ),
        kind="soft",
        recipients=ADA,
        status="5.2.2",
    ),
    Case(
        name="gmail unauthenticated",
        content=report(
            failed(
                status="5.7.26",
                diagnostic="smtp; 550-5.7.26 Your email has been blocked because the sender is "
                "unauthenticated. SPF did "
                "not pass. - gsmtp",
            )
        ),
        kind="policy",
        recipients=ADA,
        status="5.7.26",
    ),
    Case(
        name="gmail delayed",
        content=report(
            failed(
                action="delayed", status="4.4.1", diagnostic="smtp; The recipient server did not accept our requests"
            ),
            subject="Delivery Status Notification (Delay)",
        ),
        kind="delayed",
        recipients=ADA,
        status="4.4.1",
    ),
    Case(
        name="yahoo inactive account",
        content=report(
            failed(
                status="5.0.0",
                diagnostic="smtp; 554 delivery error: dd Sorry, your message to "
                "ada@readers.example cannot be delivered. "
                "This mailbox is disabled (554.30).",
            ),
            sender="MAILER-DAEMON@yahoo.example",
        ),
        kind="hard",
        recipients=ADA,
        status="5.0.0",
    ),
    Case(
        name="yahoo deferred too long",
        content=report(
            failed(
                status="4.7.0",
                diagnostic="smtp; 421 4.7.0 [TSS04] Messages from 192.0.2.10 temporarily "
                "deferred due to unexpected volume "
                "or user complaints",
            )
        ),
        kind="policy",
        recipients=ADA,
        status="4.7.0",
    ),
    Case(
        name="a wrong 5.1.1 for a blocklist",
        content=report(failed(diagnostic="smtp; 550 5.1.1 Mail from 192.0.2.10 blocked using zen.spamhaus.org")),
        kind="policy",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="icloud over quota with a status for unknown",
        content=report(failed(diagnostic="smtp; 552 5.1.1 user is over quota (in reply to end of DATA command)")),
        kind="soft",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="amazon ses",
        content=report(
            failed(
                recipient=f"rfc822;{READER}",
                diagnostic="smtp; 550 5.1.1 <ada@readers.example> User doesn't exist: ada@readers.example",
            ),
            text="An error occurred while trying to deliver the mail to the following "
            "recipients:\nada@readers.example\n",
            sender="MAILER-DAEMON@eu-west-1.amazonses.example",
            subject="Delivery Status Notification (Failure)",
            more="",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="opensmtpd says error",
        content=report(failed(action="error", status="5.1.1")),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="a report in unicode (RFC 6533)",
        content=report(
            failed(recipient="utf-8; zoë@läser.example", status="5.1.1"),
            status_type="message/global-delivery-status",
            original_type="message/global-headers",
        ),
        kind="hard",
        recipients=("zoë@läser.example",),
        status="5.1.1",
    ),
    Case(
        name="a report in unicode, escaped",
        content=report(failed(recipient=r"utf-8; zo\x{EB}@readers.example", status="5.1.3")),
        kind="hard",
        recipients=("zoë@readers.example",),
        status="5.1.3",
    ),
    Case(
        name="a recipient in angle brackets, of no type",
        content=report(failed(recipient=f"<{READER}>")),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="a recipient named in the header alone",
        content=report(failed(recipient="rfc822;"), more=f"X-Failed-Recipients: {READER}"),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="several recipients, the worst counts",
        content=report(
            failed(recipient="rfc822; one@readers.example", status="4.2.2", action="delayed")
            + "\n"
            + failed(recipient="rfc822; two@readers.example")
            + "\n"
            + failed(recipient="rfc822; three@readers.example", action="delivered", status="2.0.0")
        ),
        kind="hard",
        recipients=("two@readers.example",),
        status="5.1.1",
    ),
    Case(
        name="a status part in base64",
        content=report("").replace(
            b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\n",
            b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
            + encoded("Reporting-MTA: dns; mx.example\n\n" + failed()).encode()
            + b"\n",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="a report inside a report's wrapping",
        content=multipart(
            "From: mailer-daemon@mx.example\nSubject: Undelivered\nAuto-Submitted: auto-replied",
            [
                "Content-Type: text/plain\n\nCould not be delivered.\n",
                'Content-Type: multipart/mixed; boundary="inner"\n\n--inner\nContent-Type: message/delivery-status\n\n'
                f"Reporting-MTA: dns; mx.example\n\n{failed()}\n--inner--\n",
            ],
            top="multipart/report; report-type=delivery-status",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="lotus domino in multipart/mixed",
        content=report(
            failed(diagnostic="X-Notes; User ada (ada@readers.example) not listed in Domino Directory"),
            top="multipart/mixed",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="a bounce of a bounce",
        content=report(failed(), original=NESTED_REPORT),
        kind="other",
    ),
]

COMPLAINTS = [
    Case(
        name="arf abuse",
        content=complaint(
            f"Feedback-Type: abuse\nUser-Agent: Provider/1.0\nVersion: 1\nOriginal-Rcpt-To: <{READER}>\n"
            "Reported-Domain: lantern.example"
        ),
        kind="complaint",
        recipients=ADA,
    ),
    Case(
        name="arf, reader blacked out",
        content=complaint(
            "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: redacted",
            original=ORIGINAL.replace(READER, "redacted"),
        ),
        kind="complaint",
    ),
    Case(
        name="arf opt-out",
        content=complaint(f"Feedback-Type: opt-out\nVersion: 0.1\nRemoval-Recipient: {READER}"),
        kind="complaint",
        recipients=ADA,
    ),
    Case(
        name="arf with headers of the original alone",
        content=complaint("Feedback-Type: abuse\nVersion: 1", original_type="text/rfc822-headers"),
        kind="complaint",
        recipients=ADA,
    ),
    Case(name="arf not-spam", content=complaint("Feedback-Type: not-spam\nVersion: 1"), kind="other"),
    Case(
        name="arf auth-failure (RFC 6591)",
        content=complaint("Feedback-Type: auth-failure\nVersion: 1\nAuth-Failure: dmarc"),
        kind="other",
    ),
    Case(
        name="microsoft's own form",
        content=multipart(
            "From: staff@hotmail.example\nSubject: complaint about message from 192.0.2.10",
            [
                "Content-Type: text/plain\n\n",
                f"Content-Type: message/rfc822\n\nX-HmXmrOriginalRecipient: {READER}\n{ORIGINAL.replace(READER, 'x')}",
            ],
        ),
        kind="complaint",
        recipients=ADA,
    ),
]

LOOSE = [
    Case(
        name="qmail no mailbox",
        content=from_daemon(
            "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to "
            "deliver your message to the "
            "following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
            f"<{READER}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            f"--- Below this line is a copy of the message.\n\n{ORIGINAL}"
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="qmail, the remote's words",
        content=from_daemon(
            "Hi. This is the qmail-send program at mx.example.\n\n"
            f"<{READER}>:\n192.0.2.9 does not like recipient.\nRemote host said: 550 5.2.2 mailbox is full\n"
            f"Giving up on 192.0.2.9.\n\n--- Below this line is a copy of the message.\n\n{ORIGINAL}"
        ),
        kind="soft",
        recipients=ADA,
        status="5.2.2",
    ),
    Case(
        name="exim of old, text alone",
        content=from_daemon(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
            "delivered to one or more of its\nrecipients. This is a permanent error.\n\n  "
            f"{READER}\n    SMTP error from "
            f"remote mail server after RCPT TO:<{READER}>:\n    host mx.readers.example "
            "[192.0.2.9]: 550 Unknown user\n\n"
            f"------ This is a copy of the message, including all the headers. ------\n\n{ORIGINAL}",
            head=f"From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: {READER}\n"
            "Subject: Mail delivery failed: returning message to sender",
        ),
        kind="hard",
        recipients=ADA,
    ),
    Case(
        name="exim warning",
        content=from_daemon(
            "This message was created automatically by mail delivery software.\nA message that "
            "you sent has not yet been "
            "delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.example.\n\n"
            f"The address to which the message has not yet been delivered is:\n\n  {READER}\n\nNo "
            "action is required on "
            "your part.\n",
            head="From: Mail Delivery System <Mailer-Daemon@mx.example>\n"
            "Subject: Warning: message 1abc delayed 24 hours\nAuto-Submitted: auto-replied",
        ),
        kind="delayed",
        recipients=ADA,
    ),
    Case(
        name="sendmail of old, transcript",
        content=from_daemon(
            "The original message was received at Thu, 5 Nov 2026 18:00:03 GMT\n\n   ----- The following addresses had "
            f"permanent fatal errors -----\n<{READER}>\n\n   ----- Transcript of session follows -----\n"
            f"... while talking to mx.readers.example.:\n>>> RCPT To:<{READER}>\n<<< 550 5.1.1 "
            f"<{READER}>... User unknown\n"
            f"550 5.1.1 <{READER}>... User unknown\n\n   ----- Original message follows -----\n\n{ORIGINAL}",
            head="From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\nSubject: Returned mail: User unknown",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="yahoo of old",
        content=from_daemon(
            "Message from yahoo.example.\nSorry, we were unable to deliver your message to the following address.\n\n"
            f"<{READER}>:\n192.0.2.9 failed after I sent the message.\nRemote host said: 554 "
            "delivery error: dd This user "
            f"doesn't have a yahoo.example account ({READER}) [0]\n\n--- Below this line is a copy of the message.\n\n"
            f"{ORIGINAL}",
            head="From: MAILER-DAEMON@yahoo.example\nSubject: Delivery failure",
        ),
        kind="hard",
        recipients=ADA,
    ),
    Case(
        name="googlemail of old",
        content=from_daemon(
            "Delivery to the following recipient failed permanently:\n\n     "
            f"{READER}\n\nTechnical details of permanent "
            "failure:\nGoogle tried to deliver your message, but it was rejected by the "
            "recipient domain. The error that "
            "the other server returned was: 550 550 5.1.1 no such user (state 14).\n\n   ----- "
            "Original message -----\n\n"
            f"{ORIGINAL}",
            head="From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>\n"
            f"X-Failed-Recipients: {READER}\nSubject: Delivery Status Notification (Failure)",
        ),
        kind="hard",
        recipients=ADA,
        status="5.1.1",
    ),
    Case(
        name="exchange of old",
        content=multipart(
            "Return-Path: <>\nFrom: System Administrator <postmaster@readers.example>\n"
            "X-Mailer: Internet Mail Service (5.5.2653.19)\nSubject: Undeliverable: Three films for a dark week",
            [
                "Content-Type: text/plain\n\nYour message\n\n  To: Ada Quill\n  Subject: Three "
                "films\n\ndid not reach the "
                f"following recipient(s):\n\n{READER} on Fri, 6 Nov 2026 08:00:00 +0000\n    The recipient name is not "
                "recognized\n\tThe MTS-ID of the original message is: c=ie\n    MSEXCH:IMS:Readers:MX 0 (000C05A6) "
                "Unknown Recipient\n",
                f"Content-Type: message/rfc822\n\n{ORIGINAL}",
            ],
        ),
        kind="hard",
        recipients=ADA,
    ),
    Case(
        name="a gateway in html alone",
        content=mail(
            "Return-Path: <>\nFrom: Mail Gateway <postmaster@readers.example>\nSubject: Delivery failure\n"
            "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8",
            f"<html><head><style>b {{}}</style></head><body><p>The message to <b>{READER}</b> was not delivered.</p>"
            "<p>550 5.7.1 Message rejected: the content looks like spam</p></body></html>",
        ),
        kind="policy",
        recipients=ADA,
        status="5.7.1",
    ),
    Case(
        name="german, kundenserver",
        content=from_daemon(
            "Diese E-Mail wurde automatisch erzeugt.\n\nDie folgende Nachricht konnte nicht zugestellt werden:\n\n"
            f"{READER}\n  Der Empfänger ist unbekannt (Empfänger unbekannt).\n\n--- Ursprüngliche "
            f"Nachricht ---\n\n{ORIGINAL}",
            head="From: Mail Delivery System <mailer-daemon@server.example>\n"
            "Subject: =?utf-8?q?Unzustellbar=3A_Drei_Filme?=\nMIME-Version: 1.0\nContent-Type: "
            "text/plain; charset=utf-8",
        ),
        kind="hard",
        recipients=ADA,
    ),
    Case(
        name="german, full mailbox",
        content=from_daemon(
            f"Ihre Nachricht an {READER} konnte nicht zugestellt werden.\n\nDas Postfach ist voll.\n",
            head="From: postmaster@server.example\nSubject: Zustellung fehlgeschlagen",
        ),
        kind="soft",
        recipients=ADA,
    ),
    Case(
        name="french",
        content=from_daemon(
            f"Votre message n'a pas pu être remis au destinataire {READER} :\n\n550 Utilisateur inconnu\n\n"
            f"--- Message d'origine ---\n{ORIGINAL}",
            head="From: postmaster@serveur.example\nSubject: =?iso-8859-1?q?=C9chec_de_remise?=\nMIME-Version: 1.0\n"
            "Content-Type: text/plain; charset=utf-8",
        ),
        kind="hard",
        recipients=ADA,
    ),
    Case(
        name="japanese, in iso-2022-jp",
        content=from_daemon(
            "",
            head="From: Mail System <MAILER-DAEMON@mail.example>\nSubject: Undelivered mail\n"
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=iso-2022-jp",
        )
        + f"次の宛先に配信できませんでした。\n\n<{READER}>: 宛先不明\n".encode("iso-2022-jp"),
        kind="hard",
        recipients=ADA,
    ),
    Case(
        name="japanese, mailbox full",
        content=from_daemon(
            f"{READER} へのメールを配信できませんでした。\n\n受信箱がいっぱいです。\n",
            head="From: MAILER-DAEMON@mail.example\nSubject: =?utf-8?B?6YWN5L+h5aSx5pWX?=",
        ),
        kind="soft",
        recipients=ADA,
    ),
    Case(
        name="dovecot quota, as a receipt",
        content=multipart(
            "Return-Path: <>\nFrom: Mail Delivery Subsystem <postmaster@readers.example>\n"
            "Subject: Automatically rejected mail\nAuto-Submitted: auto-replied (rejected)",
            [
                f"Content-Type: text/plain\n\nYour message to <{READER}> was automatically rejected:\nQuota exceeded "
                "(mailbox for user is full)\n",
                "Content-Type: message/disposition-notification\n\nReporting-UA: mx.readers.example\n"
                f"Final-Recipient: rfc822; {READER}\nDisposition: automatic-action/MDN-sent-automatically; deleted\n",
            ],
            top="multipart/report; report-type=disposition-notification",
        ),
        kind="soft",
        recipients=ADA,
    ),
    Case(
        name="mailgun's way of saying so",
        content=from_daemon(
            f"Delivery to the following recipients was aborted after 5 seconds:\n\n  * {READER}\n\n"
            "605 Not delivering to previously bounced address\n",
            head="From: postmaster@mg.example\nSubject: Undeliverable",
        ),
        kind="soft",
        recipients=ADA,
    ),
    Case(
        name="a server without a reason",
        content=from_daemon("Your mail came back.\n", head="From: MAILER-DAEMON@mx.example\nSubject: Returned mail"),
        kind="soft",
    ),
]

PEOPLE = [
    Case(
        name="goodbye by mail",
        content=from_person("", subject=f"unsubscribe {TOKEN}"),
        kind="unsubscribe",
        recipients=ADA,
    ),
    Case(
        name="goodbye in answer",
        content=from_person("Please.\n", subject=f"Re: AW: unsubscribe {TOKEN}"),
        kind="unsubscribe",
        recipients=ADA,
    ),
    Case(
        name="goodbye marked by a filter, in other case",
        content=from_person("", subject=f"[EXTERNAL] Unsubscribe {TOKEN}"),
        kind="unsubscribe",
        recipients=ADA,
    ),
    Case(
        name="goodbye folded and blanked",
        content=from_person("", subject="unsubscribe\n " + TOKEN.replace("+", " ")),
        kind="unsubscribe",
        recipients=ADA,
    ),
    Case(
        name="goodbye without a token",
        content=from_person("", subject="Unsubscribe"),
        kind="unsubscribe",
        recipients=ADA,
    ),
    Case(
        name="goodbye in german",
        content=from_person("", subject="Abmelden"),
        kind="unsubscribe",
        recipients=ADA,
    ),
    Case(
        name="vacation by the standard",
        content=from_person("Back in May.\n", subject="Away", more="Auto-Submitted: auto-replied\nReturn-Path: <>"),
        kind="auto-reply",
    ),
    Case(
        name="exchange out of office",
        content=from_person(
            "Back soon.\n",
            subject="Automatic reply: Three films",
            more="X-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: ada@readers.example",
        ),
        kind="auto-reply",
    ),
    Case(
        name="gmail vacation",
        content=from_person("Away.\n", subject="Re: Three films", more="Precedence: bulk\nX-Autoreply: yes"),
        kind="auto-reply",
    ),
    Case(
        name="vacation of old",
        content=from_person("Away.\n", subject="Re: Three films", more="Precedence: junk"),
        kind="auto-reply",
    ),
    Case(
        name="vacation by its subject in german",
        content=from_person("Bis Mai.\n", subject="Abwesenheitsnotiz: Three films"),
        kind="auto-reply",
    ),
    Case(
        name="vacation by its subject in french",
        content=from_person("", subject="=?utf-8?q?R=C3=A9ponse_automatique_=3A_Three_films?="),
        kind="auto-reply",
    ),
    Case(
        name="vacation by its subject in japanese",
        content=from_person("", subject="=?utf-8?B?6Ieq5YuV5b+c562U?= Three films"),
        kind="auto-reply",
    ),
    Case(
        name="a receipt for reading",
        content=multipart(
            "From: ada@readers.example\nSubject: Read: Three films",
            ["Content-Type: text/plain\n\nIt was read.\n", "Content-Type: message/disposition-notification\n\nx: y\n"],
            top="multipart/report; report-type=disposition-notification",
        ),
        kind="auto-reply",
    ),
    Case(
        name="a vacation that quotes a bounce",
        content=from_person(
            "Away until May. You wrote:\n> A message that you sent could not be delivered:\n> <grace@readers.example>\n"
            "> 550 user unknown\n",
            subject="Away",
            more="Auto-Submitted: auto-replied\nReturn-Path: <>",
        ),
        kind="auto-reply",
    ),
    Case(
        name="a ticket system",
        content=from_person(
            "We have your mail.\n", subject="[#4711] Three films", more="Auto-Submitted: auto-generated"
        ),
        kind="auto-reply",
    ),
    Case(name="a person", content=from_person("I loved the lighthouse.\n", subject="Re: Three films"), kind="other"),
    Case(
        name="a person who asks how to leave",
        content=from_person("I cannot find it.\n", subject="How do I unsubscribe?"),
        kind="other",
    ),
    Case(
        name="a person who quotes a bounce",
        content=from_person(
            "Look what I got:\n\n> Hi. This is the qmail-send program at mx.example.\n>\n"
            f"> <{READER}>:\n> Sorry, no mailbox here by that name. (#5.1.1)\n",
            subject="Re: failure notice",
        ),
        kind="other",
    ),
    Case(
        name="a person who pastes a report",
        content=from_person(
            f"Fwd:\n\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{failed()}",
            subject="Fwd: Undelivered Mail Returned to Sender",
        ),
        kind="other",
    ),
    Case(
        name="a person who attaches a report",
        content=multipart(
            f"From: {READER}\nSubject: Fwd: Undelivered Mail Returned to Sender",
            ["Content-Type: text/plain\n\nWhat is this?\n", f"Content-Type: message/rfc822\n\n{NESTED_REPORT}"],
        ),
        kind="other",
    ),
    Case(
        name="a person whose program takes a report apart",
        content=multipart(
            f"From: {READER}\nSubject: Fwd: Undelivered Mail Returned to Sender",
            [
                "Content-Type: text/plain\n\nWhat is this?\n",
                f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n{failed()}",
                f"Content-Type: message/rfc822\n\n{ORIGINAL}",
            ],
        ),
        kind="other",
    ),
    Case(
        name="a person who attaches a complaint",
        content=multipart(
            f"From: {READER}\nSubject: Fwd: spam report",
            ["Content-Type: text/plain\n\nIs this mine?\n", f"Content-Type: message/rfc822\n\n{NESTED_COMPLAINT}"],
        ),
        kind="other",
    ),
    Case(
        name="a daily report of dmarc",
        content=mail(
            "From: noreply-dmarc@provider.example\nSubject: Report domain: lantern.example\n"
            "Content-Type: application/zip\nContent-Transfer-Encoding: base64",
            "UEsDBAoAAAAIAA==",
        ),
        kind="other",
    ),
    Case(
        name="mailman moderates",
        content=mail(
            "From: films-bounces@lists.example\nSubject: Your message to Films awaits moderator approval\n"
            "Precedence: bulk\nX-List-Administrivia: yes",
            "Your mail is being held until the list moderator can review it.\n",
        ),
        kind="other",
    ),
]

CASES = [*REPORTS, *COMPLAINTS, *LOOSE, *PEOPLE]
