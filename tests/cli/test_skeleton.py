"""Skeletons of all hooks: they compile, load, pass the check, and can be called."""

from pathlib import Path

import pytest

from chatbot.cli.skeleton import skeleton
from chatbot.hooks.checks import HOOKS, check
from chatbot.hooks.loader import load_plugin


@pytest.mark.parametrize("hook", HOOKS)
def test_every_skeleton_is_a_plugin_with_that_hook(hook: str, tmp_path: Path) -> None:
    (tmp_path / f"of_{hook}.py").write_text(skeleton(hook))
    plugin = load_plugin(f"of_{hook}", folders=[tmp_path], table={})
    check(plugin)
    function = getattr(plugin.hooks, hook)
    names = [*function.__code__.co_varnames]
    assert names == ([name for name in HOOKS[hook] if name not in {"bot", "settings"}] or ["bot"])
    assert set(function.__annotations__) == {*names, "return"}
    call = function(**dict.fromkeys(names))
    with pytest.raises(StopIteration) as end:
        call.send(None)
    assert end.value.value is None


def test_it_looks_like_what_a_person_would_write() -> None:
    assert skeleton("on_push_url") == (
        "from chatbot import Chat, UrlPushed, hookimpl\n"
        "\n"
        "\n"
        "@hookimpl\n"
        "async def on_push_url(chat: Chat, event: UrlPushed) -> bool | str | None:\n"
        '    """Somebody pushed an address. It is a stranger\'s data: do not fetch it unchecked."""\n'
        "    return None  # the next plugin is asked; True: handled; a text is said\n"
    )


def test_what_is_not_public_comes_from_its_own_module() -> None:
    assert skeleton("on_action").startswith(
        "from chatbot import Chat, hookimpl\nfrom chatbot.model.actions import Action\n\n\n@hookimpl\n"
    )
