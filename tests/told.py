"""Findings in short, so that a test reads like what it is about."""

import re

from chatbot.model.errors import ConfigError, PluginError
from chatbot.model.findings import Finding


def told(error: ConfigError | PluginError, table: str = "") -> str:
    """What was found and expected, and the fix, without code and place.

    Args:
        error: The error.
        table: The table that is taken for granted, such as ``bots.a.plugin.faq``.
    """
    return "\n".join(_line(finding, table) for finding in error.findings)


def _line(finding: Finding, table: str) -> str:
    inside = re.sub(rf"^(\[+){re.escape(table)}\.", r"\1", finding.message)
    said = inside.removeprefix(f"[{table}] ")
    if finding.expected.startswith("expected "):
        said = f"{re.sub(' (is an? [a-z]+|has a wrong value)$', ':', said)} {finding.expected}"
    return f"{said}\n  fix: {finding.fix}" if finding.fix else said
