"""Every pair of colours of the stylesheet can be read by everybody: WCAG AA, light and dark."""

import re
from importlib.resources import files

import pytest

CSS = files("chatbot.console").joinpath("static", "console.css").read_text()
LIGHT = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[0]
DARK = re.findall(r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", CSS, re.DOTALL)[0]
TEXT, EDGE = 4.5, 3.0
TAGS = ("good", "warn", "bad", "idle", "plan")
SURFACES = ("back", "panel")
PAIRS = [
    *((name, surface, TEXT) for name in ("text", "soft", "link", *TAGS) for surface in SURFACES),
    *((name, f"{name}-back", TEXT) for name in TAGS),
    *(("text", f"{name}-back", TEXT) for name in TAGS),
    *(("soft", f"{name}-back", TEXT) for name in ("idle",)),
    ("on-strong", "strong", TEXT),
    *((name, surface, EDGE) for name in ("edge", "strong") for surface in SURFACES),
]


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_all_colours_can_be_read(scheme: str) -> None:
    found = colours(scheme)
    poor = {
        (name, surface): round(contrast(found[name], found[surface]), 2)
        for name, surface, least in PAIRS
        if contrast(found[name], found[surface]) < least
    }
    assert poor == {}


def test_both_schemes_have_the_same_colours_and_all_are_measured() -> None:
    assert colours(LIGHT).keys() == colours(DARK).keys()
    measured = {name for name, _, _ in PAIRS} | {surface for _, surface, _ in PAIRS}
    assert colours(LIGHT).keys() - measured == {"line"}  # it only divides what is also apart by space


def test_colours_are_variables_only() -> None:
    rest = CSS.replace(LIGHT, "").replace(DARK, "")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", rest) == []


def test_the_measure_is_that_of_the_standard() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21.0
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
