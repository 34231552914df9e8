"""How times, sizes and rates are written in config.yaml: "15m", "20MB", "0.5". ValueError in an editor's words else."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_LONGEST = timedelta(days=3650)
_SIZES = {"GB": 1_000_000_000, "MB": 1_000_000, "KB": 1000}


def parse_duration(text: object) -> timedelta:
    """Return the time that "90s", "15m", "24h" or "7d" says; a bare number has no unit and is refused."""
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(r"(\d{1,9})\s*([smhd])", str(text).strip(), re.ASCII)
    if not match:
        hint = f'; did you mean "{text}m" or "{text}s"?' if re.fullmatch(r"\d+", str(text)) else ""
        raise ValueError(f'"{text}" is no duration: write it with a unit, as 90s, 15m, 24h or 7d{hint}')
    number, unit = int(match[1]), _UNITS[match[2]]
    if number > _LONGEST // unit:
        raise ValueError(f'"{text}" is longer than ten years')
    return number * unit


def format_duration(duration: timedelta) -> str:
    """Return whole seconds in the largest unit that measures them twice or more: 24h, 90s, 0s."""
    for letter, unit in _UNITS.items():
        if duration % unit == timedelta(0) and duration >= 2 * unit:
            return f"{duration // unit}{letter}"
    return f"{duration // _UNITS['s']}s"


def parse_rate(text: object) -> float:
    """Return the number a second that "5" or "0.5" says: 0.01 to 10000."""
    if isinstance(text, bool) or not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", str(text), re.ASCII):
        raise ValueError(f'"{str(text)[:60]}" is no number: write it as 5 or 0.5')
    if not 0.01 <= float(str(text)) <= 10_000:
        raise ValueError("must be at least 0.01 and at most 10000 a second")
    return float(str(text))


def format_rate(rate: float) -> int | float:
    """Return a rate as it would be written: 5, 0.5."""
    return int(rate) if rate == int(rate) else rate


def parse_size(text: object) -> int:
    """Return the bytes that "20MB", "512KB" or "1GB" says (1 MB is a million bytes)."""
    match = re.fullmatch(r"(\d{1,6})\s*([KMG]B)", str(text).strip(), re.ASCII | re.IGNORECASE)
    if not match:
        raise ValueError(f'"{text}" is no size: write it with a unit, as 512KB or 20MB')
    if not int(match[1]):
        raise ValueError("must be more than 0")
    return int(match[1]) * _SIZES[match[2].upper()]


def format_size(size: int) -> str:
    """Return bytes as they would be written: "20MB"."""
    for unit, factor in _SIZES.items():
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"
