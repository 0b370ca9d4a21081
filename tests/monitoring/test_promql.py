"""The reader of expressions, by which rules and dashboard are compared with the metrics."""

import pytest

from tests.monitoring.promql import Asked, asked_for


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("up == 0", [Asked("up", ())]),
        ("sum(1 - a)", [Asked("a", ())]),
        ('a{b="c,}", d=~"$d"} > 0.5', [Asked("a", ("b", "d"), (("b", "=", "c,}"), ("d", "=~", "$d")))]),
        ("sum by (x, y) (rate(a[5m]))", [Asked("", ("x", "y")), Asked("a", ())]),
        ("sum(rate(a[$__rate_interval])) by (x)", [Asked("a", ()), Asked("", ("x",))]),
        ("a unless a offset 15m or b", [Asked("a", ()), Asked("a", ()), Asked("b", ())]),
        (
            "a / on (x) group_left (y) b",
            [Asked("a", ()), Asked("", ("x",)), Asked("", ("y",)), Asked("b", ())],
        ),
        ("histogram_quantile(0.95, a_bucket)", [Asked("a_bucket", ())]),
        ("60 * rate(a{}[1h])", [Asked("a", ())]),
    ],
)
def test_metrics_and_labels_are_found(expression: str, asked: list[Asked]) -> None:
    assert asked_for(expression) == asked


@pytest.mark.parametrize("expression", ["a ; b", 'a{b="c}', "a{b=}"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises((AssertionError, StopIteration)):
        asked_for(expression)
