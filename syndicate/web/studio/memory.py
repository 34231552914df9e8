"""What was worked out before: an editor's change of one word need not compose every status anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

Made = TypeVar("Made")
MOST = 2_000


class Memory:
    """Values by all that they were made of, templates too, as long as the config beside them stands still."""

    def __init__(self) -> None:
        self._under: Hashable = None
        self._made: dict[Hashable, object] = {}

    def under(self, config: Hashable) -> Memory:
        """Return the memory for this config: with another, all is forgotten."""
        if config != self._under or len(self._made) > MOST:
            self._under, self._made = config, {}
        return self

    def recall(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made of `key` before, else make it; what raises is not kept."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # type: ignore[return-value]
