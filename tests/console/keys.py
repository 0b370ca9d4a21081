"""Keys, as the browser's protocol has them."""

from typing import Any


def _key(name: str, code: int, text: str = "", modifiers: int = 0) -> dict[str, Any]:
    key = {"key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": modifiers}
    return key | ({"text": text} if text else {})


KEYS: dict[str, dict[str, Any]] = {
    "Tab": _key("Tab", 9),
    "Back": _key("Tab", 9, modifiers=8),
    "Enter": _key("Enter", 13, "\r"),
    "Space": _key(" ", 32, " "),
    "ArrowDown": _key("ArrowDown", 40),
    "ArrowUp": _key("ArrowUp", 38),
    "Home": _key("Home", 36),
    "End": _key("End", 35),
}
