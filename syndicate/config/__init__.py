"""config.yaml and the environment → a frozen `Config`, with every fault in one report.

    measures.py     how a time, a size, a rate is written, and what is wrong with one
    values.py       the same for an address, a host, a list's name, and all else
    kinds.py        these as types that the schema's keys have
    privacy.py      which digests are for a closed circle
    schema.py       the one list of keys: type, default, and a line of help for each; those of mail are in mail.py
    source.py       YAML → plain values, each with the line it stood on
    checks.py       what holds between keys; what is allowed and still worth a warning
    load.py         all of these together: `load_config`
    credentials.py  the secrets, read at the moment of use
    reference.py    the list of keys as the docs, `init` and `config show` tell it

Durations are written 90s, 15m, 24h, 7d; sizes 20MB; hours "fri 09:00". Secrets are never written in
the file: a `…_env` key names the variable that holds one, a `…_file` key the file.
"""

from __future__ import annotations

from syndicate.config.checks import config_warnings
from syndicate.config.credentials import mailbox_password, relay_password, token
from syndicate.config.load import load_config
from syndicate.config.mail import Imap, Mail, Mailbox, Relay, Security
from syndicate.config.schema import (
    Account,
    Approval,
    Config,
    ContentWarning,
    Digest,
    EngineKind,
    Every,
    FeedConfig,
    FirstIssue,
    Http,
    Include,
    ListConfig,
    SectionConfig,
    Site,
    Web,
)

__all__ = [
    "Account",
    "Approval",
    "Config",
    "ContentWarning",
    "Digest",
    "EngineKind",
    "Every",
    "FeedConfig",
    "FirstIssue",
    "Http",
    "Imap",
    "Include",
    "ListConfig",
    "Mail",
    "Mailbox",
    "Relay",
    "SectionConfig",
    "Security",
    "Site",
    "Web",
    "config_warnings",
    "load_config",
    "mailbox_password",
    "relay_password",
    "token",
]
