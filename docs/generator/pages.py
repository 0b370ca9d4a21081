"""Finds the generated parts of the pages, and writes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from docs.generator import codes, kit, models, operation, plugin_api

__all__ = ["DOCS", "PARTS", "pages", "written"]

DOCS = Path(__file__).parents[1]

PARTS: dict[str, Callable[..., str]] = {
    "actions": models.action_sections,
    "codes": codes.code_sections,
    "commands": operation.command_table,
    "command details": operation.command_sections,
    "common options": operation.common_options,
    "contract": kit.contract_table,
    "errors": plugin_api.error_sections,
    "event details": models.event_sections,
    "event fields": models.event_common,
    "grouped methods": plugin_api.grouped_method_sections,
    "faults": kit.fault_table,
    "hooks": plugin_api.hook_table,
    "hook details": plugin_api.hook_sections,
    "markers": kit.marker_table,
    "members": plugin_api.member_table,
    "methods": plugin_api.method_sections,
    "metrics": operation.metric_table,
    "names": plugin_api.name_table,
    "outcomes": plugin_api.outcome_table,
    "platform": kit.platform_table,
    "pytest options": kit.option_table,
    "plugin": operation.plugin_settings,
    "settings": models.settings,
    "words": plugin_api.word_table,
}
"""By the word after `generated:`; what stands behind a colon is an argument."""

_PART = re.compile(r"(<!-- generated: ([^:\n]+?)(?:: (\S+))? -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """The pages with generated parts."""
    return [page for page in sorted(DOCS.rglob("*.md")) if _PART.search(page.read_text())]


def written(text: str) -> str:
    """A page with its generated parts as they should be."""
    return _PART.sub(_part, text)


def _part(found: re.Match[str]) -> str:
    start, name, argument, end = found.groups()
    if name not in PARTS:
        raise ValueError(f"no part is called {name!r}; there are: {', '.join(PARTS)}")
    part = partial(PARTS[name], argument) if argument else PARTS[name]
    return f"{start}\n{part()}\n\n{end}"
