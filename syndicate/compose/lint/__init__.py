"""The lint: a letter as it would leave → what mail programs, filters and readers would find wrong with it.

document.py, message.py    the HTML and the bytes, read once
envelope.py … looks.py     the checks, each a pure function that yields its faults
clients.py                 which programs do not honour what
world.py                   what in a letter is the world's own text
table.py                   the table of checks, and `lint`
"""

from syndicate.compose.lint.model import Copy, Facts, Finding, Severity
from syndicate.compose.lint.table import CHECKS, lint
from syndicate.compose.lint.world import world_texts

__all__ = ["CHECKS", "Copy", "Facts", "Finding", "Severity", "lint", "world_texts"]
