"""syndicate carries a film-review site's reviews to its readers.

The map. A review passes through these stages from left to right; imports point from right to left.

    feeds/      url → entries         what the site's feed said, and which of it is new
    reviews/    entry → review        what we understood: film, rating, credits, standfirst, excerpt, picture
    compose/    reviews → messages    which reviews go into an issue, the letter, the status
    audience/   who may receive       lists, subscribers, suppressions; the policy
    returns/    mail that came back   bytes → what it says about whom
    delivery/   message × recipient   what is planned, retried, given up; the loop that delivers
    channels/   the wires             SMTP, Mastodon, and the outbox that writes files instead
    mailbox/    the return mailbox    IMAP or a Maildir
    store/      the one memory        SQLite or PostgreSQL: entries, audience, ledger

    protocols.py  the seams between them          schedule.py  when something is due
    pipeline/     the functions that change the world          app.py  where all is wired
    config/       config.yaml → frozen Config     errors.py    what can go wrong, and who decides
    engine/       who does the work: this process, or many workers
    cli/  web/    the two faces                   sample/      a small invented site to try it on
    keyed.py      HMAC, for tokens and names
"""

__version__ = "0.1.0"
