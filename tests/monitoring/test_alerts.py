"""The alert rules: sound, told firing and not firing, and explained."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS
from tests.docs.pages import anchors, section
from tests.monitoring.files import ALERTS, FOLDER, RULE_TESTS, TESTS

PAGE = "docs/how-to/alerts.md"
PROMTOOL = shutil.which("promtool") or shutil.which("promtool", path=str(Path(sys.executable).parent))
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="no promtool here: .ci/promtool gets it")


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run(
        [str(PROMTOOL), *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_takes_the_rules_and_the_example() -> None:
    promtool("check", "rules", FOLDER / "alerts.yaml")
    promtool("check", "config", "--syntax-only", FOLDER / "prometheus.yaml")


@needs_promtool
@pytest.mark.long
def test_each_alert_fires_when_it_should_and_only_then() -> None:
    promtool("test", "rules", RULE_TESTS)


def told(alert: str) -> list[bool]:
    """Whether the tests of this rule expect it to fire."""
    return [
        bool(expected["exp_alerts"])
        for test in TESTS
        for expected in test["alert_rule_test"]
        if expected["alertname"] == alert
    ]


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_tested_firing_and_not_firing(alert: str) -> None:
    assert sorted(told(alert)) == [False, True]


def test_no_test_is_of_a_rule_that_is_gone() -> None:
    names = {one["alertname"] for test in TESTS for one in test["alert_rule_test"]}
    assert names == set(ALERTS)


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_says_how_bad_what_and_where_to_read_on(alert: str) -> None:
    rule = ALERTS[alert]
    assert rule["labels"] == {"severity": rule["labels"]["severity"]}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"{PAGE}#{alert.lower()}"
    assert alert.lower() in anchors(PAGE)


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_explained_as_it_is(alert: str) -> None:
    rule, text = ALERTS[alert], section(PAGE, alert)
    duration = f", for {rule['for']}" if "for" in rule else ""
    assert f"**Severity:** {rule['labels']['severity']}." in text
    assert f"**Condition:** `{rule['expr']}`{duration}." in text
    assert all(f"**{heading}:** " in text for heading in ("For customers", "What to do"))


def test_nothing_is_explained_that_is_no_alert() -> None:
    assert re.findall(r"^## (\w+)$", DOCS[PAGE], re.MULTILINE) == [*ALERTS]
