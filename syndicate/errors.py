"""What can go wrong, one class per decision that the caller can take.

    SyndicateError            anything that we can explain
    ├── ConfigError           config.yaml or an option is wrong: the editor mends it            (exit 2)
    ├── FeedError             a feed could not be fetched or read: nothing changed, try later   (exit 1 or 2)
    ├── TemplateError         a template does not render: nothing was frozen or sent            (exit 2)
    │   └── LintError         it renders, and should not be sent: nothing was frozen             (exit 2)
    ├── StoreError            the database refuses, is locked, or was restored: sending stops   (exit 3)
    ├── AudienceError         an address, a list or a CSV line is wrong                         (exit 2)
    ├── ChoiceError           what an editor chose for an issue cannot be: it names the field   (exit 2)
    ├── NotFoundError         no review, issue, delivery or list of that name                   (exit 2)
    └── ChannelError          a channel as a whole does not work: a person must act (login)     (exit 1)
        └── UnreachableError  it does not answer now: nothing is wrong with us, later may do    (exit 1)

One recipient's trouble is never an exception: it is an `Outcome` (delivery/model.py).
Domain errors know nothing of click or HTTP; `cli/` and `web/` translate them, each in one place.
"""

from __future__ import annotations


class SyndicateError(Exception):
    """What happened, where, and what to do about it.

    `what` is a sentence that names the thing; `where` the place (a file and line, a URL), `hint` the next
    command or change. `str()` gives all three, the hint on a line of its own.
    """

    exit_code = 3

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  try: {self.hint}" if self.hint else head


class ConfigError(SyndicateError):
    """The configuration or an option is wrong; several faults are told at once, a line each."""

    exit_code = 2


class FeedError(SyndicateError):
    """A feed could not be fetched, or is no feed. No state has moved."""

    exit_code = 2


class TemplateError(SyndicateError):
    """A template does not render, or its result broke a rule (a lost slot, a control character)."""

    exit_code = 2


class LintError(TemplateError):
    """A letter renders, and the lint finds an error in it; a person may send it anyway."""


class StoreError(SyndicateError):
    """The database cannot be used: locked by another sender, restored from a backup, disk full."""

    exit_code = 3


class AudienceError(SyndicateError):
    """An address, a list name or a CSV line is wrong."""

    exit_code = 2


class ChoiceError(SyndicateError):
    """What an editor chose for the next issue cannot be chosen; `field` is its name."""

    exit_code = 2

    def __init__(self, what: str, *, field: str) -> None:
        super().__init__(what, where=field)
        self.field = field


class NotFoundError(SyndicateError):
    """What was named on the command line does not exist."""

    exit_code = 2


class ChannelError(SyndicateError):
    """A channel as a whole does not work (login refused, token revoked); nobody else is tried through it."""

    exit_code = 1


class UnreachableError(ChannelError):
    """A channel does not answer, or says "not now"; nothing is wrong with our settings, and later may do."""
