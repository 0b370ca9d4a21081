from chatbot.model.codes import Code
from chatbot.model.findings import Finding

FULL = Finding(
    Code.UNKNOWN_KEY,
    '[bots.greeter.plugin.hours] has no key "txt"',
    "bots.toml",
    31,
    expected="accepted here: text (string), days (list)",
    closest="text",
    fix="rename txt to text",
)


def test_a_finding_is_told_in_three_lines() -> None:
    assert str(FULL).splitlines() == [
        'CB104  bots.toml:31  [bots.greeter.plugin.hours] has no key "txt"',
        "       accepted here: text (string), days (list)        closest: text",
        "       fix: rename txt to text        more: chatbot explain CB104",
    ]


def test_what_is_not_known_is_left_out() -> None:
    bare = Finding(Code.NO_HOOKS, "is empty", severity="warning")
    assert str(bare) == "CB217  warning: is empty\n       more: chatbot explain CB217"
    assert (FULL.is_error, bare.is_error) == (True, False)


def test_a_place_is_given_only_to_what_has_none() -> None:
    bare = Finding(Code.NO_HOOKS, "is empty")
    assert bare.at("a.toml", 3).place == "a.toml:3"
    assert bare.at("a.toml", None).place == "a.toml"
    assert FULL.at("a.toml", 3) is FULL
