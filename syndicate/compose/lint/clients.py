"""Which mail programs do not honour what: the facts behind "Outlook on Windows ignores this".

Our own short reading of the tables at caniemail.com (data of 29 June 2026): programs in which the newest dated test
of a feature failed, or that drop the whole rule for it. A program that honours it in part is not named.
"""

from __future__ import annotations

from collections.abc import Mapping

_OUTLOOK = "Outlook on Windows"
_GMAIL_IMAP = "the Gmail app with another provider's account"

IGNORED_BY: Mapping[str, tuple[str, ...]] = {
    "position": ("Gmail", _GMAIL_IMAP, "Yahoo Mail", _OUTLOOK),
    "float": (_OUTLOOK,),
    "display:flex": (_OUTLOOK,),
    "display:grid": (_OUTLOOK,),
    "var()": ("Gmail", _GMAIL_IMAP, "Outlook.com", "Outlook for Mac", "Yahoo Mail", _OUTLOOK),
    "calc()": (_OUTLOOK, "Outlook.com", "Outlook for Mac", "Yahoo Mail"),
    "background-image": (_OUTLOOK,),
    "negative margin": (_OUTLOOK,),
    "webp": (_OUTLOOK,),
    "avif": (_OUTLOOK,),
    "svg": ("Gmail",),
    "data:": ("Gmail",),
    "srcset": ("Gmail", _GMAIL_IMAP, "Outlook.com", "Yahoo Mail", _OUTLOOK),
    "link": ("Gmail", "Outlook.com", "Yahoo Mail", "Thunderbird"),
    "max-width": (_OUTLOOK,),
    "form": ("Gmail", "Outlook.com", "Yahoo Mail", _OUTLOOK),
}


def ignored_by(feature: str) -> str:
    """Return a sentence's beginning: "Gmail and Yahoo Mail ignore", or "Outlook on Windows ignores"."""
    *most, last = IGNORED_BY[feature]
    return f"{', '.join(most)} and {last} ignore" if most else f"{last} ignores"
