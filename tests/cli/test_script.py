"""Scripts: how they are read, and how they are played against a human who is scripted as well."""

import re

import pytest

from chatbot.cli.script import Expected, Misprint, Silence, Step, Unmet, parse, play
from chatbot.cli.slash import Order
from chatbot.simulator.app import Simulator
from tests.cli.parlour import BOUND_S, at_visit

SCRIPT = """
# a comment
> When are you open?
>  // two slashes are two here
< 8 to 18 (or so)
  < /8 to (18|20)/
<! 0.5
<!
/agent says hi
//path
"""


def test_a_script_is_read_with_the_place_of_each_step() -> None:
    assert parse(SCRIPT, "a.chat") == [
        Step("a.chat:3", Order("", "When are you open?")),
        Step("a.chat:4", Order("", "// two slashes are two here")),
        Step("a.chat:5", Expected("8 to 18 (or so)", re.compile(re.escape("8 to 18 (or so)")))),
        Step("a.chat:6", Expected("/8 to (18|20)/", re.compile("8 to (18|20)"))),
        Step("a.chat:7", Silence(0.5)),
        Step("a.chat:8", Silence(2.0)),
        Step("a.chat:9", Order("agent says", "hi")),
        Step("a.chat:10", Order("", "/path")),
    ]
    assert parse("", "a.chat") == parse("# nothing\n\n", "a.chat") == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("hello", "'hello' is no step\n  expected: > TEXT, < TEXT, < /REGEX/, <! SECONDS, a slash command"),
        (">", "nothing is said\n  expected: > TEXT"),
        ("<", "nothing is expected\n  expected: > TEXT"),
        ("< /(/", "/(/ is no regular expression: "),
        ("<! soon", "'soon' are no seconds\n  expected: a number"),
        ("/leav", "/leav is no command\n  closest: /leave"),
        ("/fault 40x", "no fault is called '40x'\n  closest: 40"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(line: str, complaint: str) -> None:
    with pytest.raises(Misprint) as caught:
        parse(f"> hi\n\n{line}\n", "a.chat")
    assert str(caught.value).startswith(f"a.chat:3  {complaint}")


async def played(script: str, timeout_s: float = BOUND_S, simulator: Simulator | None = None) -> list[str]:
    """What there was to show."""
    shown: list[str] = []
    async with at_visit(simulator) as (visit, _):
        try:
            await play(visit, parse(script, "a.chat"), timeout_s, shown.append)
        except Unmet as unmet:
            # past the task group of the visit, which would wrap it
            shown.append(str(unmet))
    return [text for text in shown if text]


@pytest.mark.usefixtures("eager")
async def test_all_that_was_expected_came() -> None:
    script = "< hello\n> hi\n/agent says good day\n/agent says bye\n< /^good/\n< bye\n<! 0.05\n/leave"
    assert await played(script) == []


TRANSCRIPT = "\n  the transcript so far:\n     1  Ana joined\n     2  Eva joined\n     3  Eva: hello"


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("> hi\n< good", "a.chat:2  expected an agent to say good within 0.1 s"),
        ("< hello\n< hello", "a.chat:2  expected an agent to say hello within 0.1 s"),
        ("<! 0.05", "a.chat:1  expected no agent to say anything for 0.05 s, and heard Eva: hello"),
        ("/leave\n< so", "a.chat:2  expected an agent to say so before the chat was over"),
        ("/leave\n< hello\n> hi", "a.chat:3  The chat is over"),
        ("/agent leaves\n/agent leaves", "a.chat:2  no human agent is in the chat"),
    ],
)
async def test_what_did_not_come_is_told_with_its_place_and_the_transcript(script: str, why: str) -> None:
    [told] = await played(script, timeout_s=0.1)
    assert told.startswith(why)
    assert TRANSCRIPT in told


@pytest.mark.usefixtures("eager")
async def test_nobody_comes() -> None:
    [told] = await played("> hi", timeout_s=0.1, simulator=Simulator())
    assert told.startswith("a.chat:1  expected an agent to join within 0.1 s\n")
