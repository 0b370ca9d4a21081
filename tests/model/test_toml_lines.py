"""Lines of keys, seen through what the standard library reads."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.model.toml_lines import Lines, Path, locate

TEXT = r'''# a comment with a = "key"
plugin_dirs = ["a", # [x]
  'b',

  "c # d",
]
[service] # y
"quoted key" = 1
'lite.ral' = """
x = 1
[no.table]
"""
dotted . key."x.y" = { inner = 1, "b c" = [ { deep = 2 }, { deep = 3 } ] }
date = 1979-05-27 07:32:00
text = """
a = 1 \""" ]
""""
[[demo]]
bot = "a"
[[demo.lines]]
say = 'x'
[[demo.lines]]
say = "y=\" 1"
[demo.more]
z = [
  [1, 2],
  [3],
]
[[demo]]
bot = "b"
[bots.a.plugin."h"]
[bots.a]
'''


def every(table: Any, path: Path = ()) -> list[Path]:
    """The ways to everything in a table."""
    inner: Any = ()
    if isinstance(table, dict):
        inner = table.items()
    elif isinstance(table, list):
        inner = enumerate(table)
    return [place for key, value in inner for place in ((*path, key), *every(value, (*path, key)))]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("plugin_dirs",), 2),
        (("plugin_dirs", 1), 3),
        (("plugin_dirs", 2), 5),
        (("service",), 7),
        (("service", "quoted key"), 8),
        (("service", "lite.ral"), 9),
        (("service", "dotted", "key", "x.y"), 13),
        (("service", "dotted", "key", "x.y", "b c", 1, "deep"), 13),
        (("service", "date"), 14),
        (("service", "text"), 15),
        (("demo",), 18),
        (("demo", 0, "bot"), 19),
        (("demo", 0, "lines", 1, "say"), 23),
        (("demo", 0, "more", "z", 1, 0), 27),
        (("demo", 1, "bot"), 30),
        (("bots", "a", "plugin", "h"), 31),
        (("bots", "a"), 32),
        (("bots", "a", "unknown", "key"), 32),
        (("nothing",), None),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_kind_of_key_has_its_line(path: Path, line: int | None, end: str) -> None:
    assert locate(TEXT.replace("\n", end)).at(path) == line


def test_everything_that_the_reader_finds_has_a_line() -> None:
    lines = locate(TEXT)
    assert [path for path in every(tomllib.loads(TEXT)) if path not in lines._lines] == []


SCALARS = ["1", "true", '"a]"', "'{'", "-1.5e3", "2026-01-02 03:04:05", '""', "'''\n]\n'''", '"""\n"\n"""']
VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ",\n".join(items) + " # ]\n]"),
        st.lists(inner.filter(lambda it: "\n" not in it), max_size=3).map(
            lambda items: "{ " + ", ".join(f"k{n} = {it}" for n, it in enumerate(items)) + " }"
        ),
    ),
    max_leaves=6,
)
HEADS = st.sampled_from(["", "[t{n}]\n", '[t{n}."x.y"]\n', "[[many]]\n", "# c\n", "\n"])


@given(st.lists(st.tuples(HEADS, VALUES), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_any_file_is_walked_to_its_end(parts: list[tuple[str, str]], end: str) -> None:
    """The key after anything at all stands where it stands."""
    text = "".join(f"{head.format(n=n)}key{n} = {value}\n" for n, (head, value) in enumerate(parts))
    text = (text + "[last]\nkey = 1\n").replace("\n", end)
    lines = locate(text)
    assert lines.at(("last", "key")) == text.count("\n")
    assert [path for path in every(tomllib.loads(text)) if path not in lines._lines] == []


def test_absurd_nesting_costs_lines_and_nothing_else() -> None:
    lines = locate("first = 1\ndeep = " + "[" * 5_000 + "]" * 5_000 + "\n")
    assert (lines.at(("first",)), lines.at(("deep", 0))) == (1, 2)


def test_keys_of_a_bot_may_come_from_the_defaults() -> None:
    lines = locate("[defaults]\nproxy = 1\nplace = 2\n[bots.a]\nplace = 3\n")
    found = [lines.origin(("bots", "a", key))[0] for key in ("proxy", "place", "other")]
    assert found == ["defaults", "bots", "bots"]


def test_what_was_not_read_before_is_a_fault_of_the_caller() -> None:
    with pytest.raises(AssertionError, match="no key at 0"):
        locate("= 1")


def test_lines_say_nothing_about_what_is_the_same() -> None:
    assert Lines() == locate(TEXT)
    assert len({Lines(), locate(TEXT)}) == 1
    assert Lines() != {}
