"""What plugins keep: a mapping of JSON values that survives a crash.

It becomes durable together with the end of the event in which it was changed: a hook that is run
again after a crash finds what it found the first time.
"""

from __future__ import annotations

import json
import logging
from collections import UserDict
from collections.abc import Mapping
from typing import Any

__all__ = ["KeptMemory"]

log = logging.getLogger(__name__)


class KeptMemory(UserDict[str, Any]):
    """JSON values by name.

    Args:
        saved: What an earlier run has left.
    """

    def __init__(self, saved: Mapping[str, Any] | None = None) -> None:
        super().__init__(saved or {})
        self._written = _as_json(self.data)

    def __setitem__(self, key: str, item: Any) -> None:
        """Keep a value.

        Raises:
            TypeError: The key is not a string, or the value cannot be written as JSON.
            ValueError: The value holds itself, or a number that JSON does not know.
        """
        if not isinstance(key, str):
            raise TypeError(f"a key of memory is a string, not {type(key).__name__}")
        _as_json(item)
        super().__setitem__(key, item)

    def news(self) -> str | None:
        """All of it as a JSON object, if it has changed since this was last asked.

        What was put into a value and is no JSON costs the changes since then, and nothing else.
        """
        try:
            text = _as_json(self.data)
        except (TypeError, ValueError, RecursionError):
            log.exception("a plugin keeps something that is no JSON: what it changed in memory is dropped")
            self.data = json.loads(self._written)
            return None
        if text == self._written:
            return None
        self._written = text
        return text


def _as_json(value: object) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
