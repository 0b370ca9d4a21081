"""Every block of code in the documents is tried: as a plugin, a test, a script, a file, or a command."""

import os
import re

import pytest

from tests.docs.blocks import DOCS, Block, blocks
from tests.docs.project import NotTestedError, Project
from tests.docs.shell import run

ALL = [block for page in DOCS for block in blocks(page)]
WITH_BLOCKS = sorted({block.page for block in ALL})
MOST_UNTESTED = 2
# they start processes, or write and test whole projects
SLOW = {"README.md", "docs/tutorial/first-bot.md", "docs/how-to/chat.md"}
WIDEST = 88  # columns; the site cuts off the rest


@pytest.fixture
def project(pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory) -> Project:
    base = tmp_path_factory.getbasetemp()
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    return Project(pytester, run, shared=(base.parent if is_worker else base) / "commands")


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.long if page in SLOW else ()) for page in WITH_BLOCKS]
)
def test_every_block_of_a_page_works(page: str, project: Project) -> None:
    failed = {block: error for block in blocks(page) if (error := tried(project, block)) is not None}
    told = "\n\n".join(f"{block}\n{block.code}\n{error}" for block, error in failed.items())
    assert not failed, told


def tried(project: Project, block: Block) -> str | None:
    """What is wrong with a block; the others are tried all the same."""
    try:
        project.run(block)
    except (Exception, SystemExit, pytest.fail.Exception) as error:  # noqa: BLE001 (all are told at the end)
        return f"{type(error).__name__}: {error}" + "".join(
            f"\n{inner!r}" for inner in getattr(error, "exceptions", ())
        )
    return None


def test_code_fits_into_a_page() -> None:
    wide = [
        f"{block}: {line}"
        for block in ALL
        for line in block.code.splitlines()
        if block.page != "README.md" and block.language in {"python", "toml", "sh"} and len(line) > WIDEST
    ]
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize("page", DOCS)
def test_no_block_of_a_page_escapes_the_tests(page: str) -> None:
    assert fences(DOCS[page]) == 2 * len(blocks(page))


def fences(text: str) -> int:
    """Where code begins or ends, in whatever way; four spaces after an empty line begin code, too."""
    ways = r"^[ >]*(?:```|~~~)|</?pre|(?:\A|\n\n) {4,}(?=[^\s])"
    return len(re.findall(ways, without_bodies(text), re.MULTILINE))


def without_bodies(text: str) -> str:
    return re.sub(r"^( *)(```+)([^\n]*)\n.*?^\1\2 *$", r"\2\3\n\2", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "text",
    [
        "~~~python\n1 / 0\n~~~\n",
        "> ```python\n> 1 / 0\n> ```\n",
        "```python\n1 / 0\n",
        "Like so:\n\n    1 / 0\n",
        "<pre>1 / 0</pre>",
    ],
)
def test_a_block_that_escapes_is_found(text: str) -> None:
    assert fences(text)


def test_few_blocks_are_not_tested() -> None:
    untested = [f"{block}: {block.argument}" for block in ALL if block.kind == "none"]
    assert len(untested) <= MOST_UNTESTED, "\n".join(untested)


def made(code: str, kind: str, language: str = "python", argument: str = "", **steps: str) -> Block:
    return Block("page.md", 1, language, code, kind, argument, tuple(steps.items()))


GOOD = "from chatbot import hookimpl\n@hookimpl\nasync def on_text(event):\n    return 'Hi'\n"
BAD = {
    "a script that raises": made("1 / 0", "exec"),
    "a hook that does not exist": made(GOOD.replace("on_text", "on_txet"), "plugin"),
    "a plugin that answers otherwise": made(GOOD, "plugin", Ana="Hello", bot="Good evening"),
    "a hook that raises": made(GOOD.replace("return 'Hi'", "raise ValueError"), "plugin", Ana="Hello"),
    "a test that fails": made("def test_it(): assert False", "test"),
    "no test at all": made("def helper(): ...", "test"),
    "a key that does not exist": made('[bots.NAME]\nnicknam = "N"', "bots", "toml"),
    "a setting that does not exist": made('[bots.NAME.plugin.greeter]\ntxt = "N"', "bots", "toml"),
    "a command that does not exist": made("frobnicate", "run", "sh"),
    "an option that does not exist": made("chatbot run --fast", "run", "sh"),
    "a target that does not exist": made("make money", "run", "sh"),
    "an extra that does not exist": made("pip install 'chatbot[cream]'", "run", "sh"),
    "output of nothing": made("no findings", "output", "text"),
    "no JSON": made("{", "json", "json"),
    "a block of no kind": made("x", "", "cobol"),
    "a test elsewhere that does not exist": made(
        "x", "elsewhere", argument="tests/flow/test_readme.py::test_x"
    ),
    "a folder that was not made": made("cd nowhere", "run", "sh"),
    "an environment that was not made": made(". .venv/bin/activate", "run", "sh"),
    "output of another kind": made("x", "bots", "toml"),
    "an untested block without a reason": made("x", "none"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_block_is_found(name: str, project: Project) -> None:
    assert tried(project, BAD[name]) is not None


def test_what_a_command_has_printed_may_be_shown_in_part(project: Project) -> None:
    project.run(made("chatbot check", "run", "sh"))
    project.run(made("bots.toml: ... warnings", "output", "text"))
    with pytest.raises(AssertionError):
        project.run(made("bots.toml: 17 bots, 2 warnings", "output", "text"))


def test_a_block_without_a_marker_and_a_language_has_no_kind(project: Project) -> None:
    with pytest.raises(NotTestedError, match="no kind"):
        project.run(made("x", ""))
