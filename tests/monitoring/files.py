"""The files for Prometheus and Grafana that stand in the documents."""

import json
from pathlib import Path
from typing import Any

import yaml

__all__ = ["ALERTS", "DASHBOARD", "FOLDER", "PANELS", "RULE_TESTS", "TESTS"]

FOLDER = Path(__file__).parents[2] / "docs/monitoring"
RULE_TESTS = Path(__file__).parent / "alerts_test.yaml"

ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
"""The rules by name."""

TESTS: list[dict[str, Any]] = yaml.safe_load(RULE_TESTS.read_text())["tests"]

DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())

PANELS: dict[str, dict[str, Any]] = {
    panel["title"]: panel for panel in DASHBOARD["panels"] if panel["type"] != "row"
}
"""The panels by title."""
