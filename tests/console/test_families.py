"""The metrics of a bot, one by one."""

import pytest
from prometheus_client.core import Metric

from chatbot.bot.histogram import Histogram
from chatbot.bot.survey import Survey
from chatbot.console.families import FAMILIES, Family, Look, samples_of
from tests.service.house import bot_at


def test_each_has_a_name_of_its_own_and_a_text() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)
    assert all(family.text and family.kind in {"gauge", "counter", "histogram"} for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_each_can_be_read_of_a_bot_that_has_not_begun(family: Family) -> None:
    look = Look(bot_at("http://127.0.0.1:1", "day"), is_ready=False, survey=Survey(), now=0.0)
    for sample in family.samples(look):
        assert sample.name.startswith(f"chatbot_{family.name}")
        assert set(sample.labels) - {"le"} == {"bot", *family.labels}


def test_a_plugin_that_never_failed_is_told_with_none() -> None:
    look = Look(bot_at("http://127.0.0.1:1", "day", object()), is_ready=True, survey=Survey(), now=0.0)
    failures = next(family for family in FAMILIES if family.name == "hook_failures")
    assert [(one.labels["plugin"], one.value) for one in failures.samples(look)] == [("p0", 0)]


def test_a_histogram_counts_all_in_its_last_class() -> None:
    times = Histogram()
    times.add(100.0)
    found = [*samples_of(Metric("m", "text", "histogram"), {}, times)]
    assert [(one.name, one.value) for one in found[-3:]] == [
        ("m_bucket", 1),
        ("m_count", 1),
        ("m_sum", 100.0),
    ]
    assert found[-3].labels == {"le": "+Inf"}
