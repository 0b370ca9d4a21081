"""The dashboard as a file: whether Grafana can make something of it."""

from collections import Counter
from itertools import combinations
from typing import Any

import pytest

from tests.monitoring.files import DASHBOARD, PANELS

UNITS = {"none", "s", "ops", "bytes", "percentunit"}


def test_every_panel_has_an_id_and_a_title_of_its_own() -> None:
    panels = DASHBOARD["panels"]
    assert max(Counter(panel["id"] for panel in panels).values()) == 1
    assert max(Counter(panel["title"] for panel in panels).values()) == 1


def test_where_the_data_are_is_asked_and_not_fixed() -> None:
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert list(variables) == ["datasource", "instance", "bot"]
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["bot"]["query"]["query"] == "label_values(chatbot_ready, bot)"
    assert variables["instance"]["query"]["query"] == "label_values(chatbot_build_info, instance)"


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_says_what_it_shows_in_which_unit_and_from_where(title: str) -> None:
    panel, source = PANELS[title], {"type": "prometheus", "uid": "${datasource}"}
    assert panel["type"] in {"stat", "timeseries"}
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["datasource"] == source
    assert panel["targets"]
    assert all(target["datasource"] == source and target["legendFormat"] for target in panel["targets"])
    assert [target["refId"] for target in panel["targets"]] == [*"ABCDEF"][: len(panel["targets"])]


def do_overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or below)


def test_no_panel_lies_on_another_or_beyond_the_edge() -> None:
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    assert not [pair for pair in combinations(places, 2) if do_overlap(*pair)]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
