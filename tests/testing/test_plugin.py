"""The fixture as authors of plugins use it: their files, their pytest."""

import gc
import subprocess
import sys

import pytest

from chatbot.testing import virtual_time

TALK = """
async def test_hours_then_human(chatbot):
    bot = await chatbot.start("hours", text="Open 8 to 18.")
    customer = await chatbot.customer()
    await customer.says("When are you open?")
    await customer.hears("Open 8 to 18.")
    await customer.chat.agent_joins()
    await customer.says("And on Sunday?")
    await customer.hears_nothing(within=60)
    assert bot.actions == ["Accept", "SendMessage"]
"""


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_a_test_needs_no_mark_in_either_mode(project: pytest.Pytester, mode: str) -> None:
    project.makepyfile(TALK)
    project.runpytest_inprocess("-o", f"asyncio_mode={mode}").assert_outcomes(passed=1)


def test_classes_marks_parameters_and_fixtures_on_top_work(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest, pytest_asyncio

        @pytest_asyncio.fixture
        async def customer(chatbot):
            await chatbot.start("hours")
            return await chatbot.customer("Ben")

        class TestHours:
            @pytest.mark.parametrize("word", ["open", "OPEN"])
            async def test_word(self, chatbot, customer, word):
                await customer.says(word)
                assert await customer.hears() == "Open 9 to 5."

        @pytest.mark.asyncio
        async def test_without_naming_it(customer):
            await customer.says("open?")
            await customer.hears("9 to 5")
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=3)


def test_hypothesis_plays_a_talk_for_each_example(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from hypothesis import HealthCheck, given, settings, strategies

        @settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(word=strategies.sampled_from(["open", "Open?", "OPEN"]))
        async def test_any(chatbot, word):
            await chatbot.start("hours")
            customer = await chatbot.customer()
            await customer.says(word)
            await customer.hears("9 to 5")
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=1)


def test_a_wait_in_vain_shows_transcript_hooks_and_actions(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        async def test_vain(chatbot):
            await chatbot.start("hours")
            ana = await chatbot.customer()
            await ana.says("When?")
            await ana.hears("9 to 5")
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">*await ana.hears*",
            "E*customer Ana waited 30 s in vain for '9 to 5'",
            "E*transcript of chat * (bot Chatting):",
            "E*3*Ana (Customer): 'When?'",
            "E*hooks of bot 'bot':",
            "E*3  hours.on_text  declined: returned None (hours.py:8)",
            "E*no plugin has:*on_chat_started*",
            "E*Accept  the bot itself  accepted",
        ]
    )
    assert "staged_customer.py" not in result.stdout.str()


def test_a_failed_assertion_shows_the_talk_too(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        async def test_wrong(chatbot):
            bot = await chatbot.start("hours")
            ana = await chatbot.customer()
            await ana.says("open?")
            assert bot.actions == ["Accept"]
        """
    )
    result = project.runpytest_inprocess()
    result.stdout.fnmatch_lines(
        ["E*said: returned 'Open 9 to 5.' (hours.py:8)", "E*SendMessage  hours.on_text   accepted"]
    )


def test_a_hook_that_raises_fails_the_test_unless_it_says_so(project: pytest.Pytester) -> None:
    project.mkpydir("unused")
    project.path.joinpath("plugins", "bad.py").write_text(
        "from chatbot import hookimpl\n\n@hookimpl\nasync def on_text(event):\n    raise ValueError('no')\n"
    )
    project.makepyfile(
        """
        async def test_forgets(chatbot):
            await chatbot.start("bad")
            await (await chatbot.customer()).says("hello")

        async def test_knows(chatbot):
            bot = await chatbot.start("bad")
            await (await chatbot.customer()).says("hello")
            assert isinstance(bot.errors.pop().error, ValueError)
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*bad.on_text raised ValueError: no", "*bot.errors.pop()*"])


def test_markers_make_the_platform_difficult(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from chatbot import Chat, NotAllowed, hookimpl

        class Mover:
            @hookimpl
            async def on_text(self, chat: Chat) -> str:
                try:
                    await chat.transfer(queue="sales")
                except NotAllowed:
                    return "not here"
                return "bye"

        @pytest.mark.chatbot_faults("drop-notification", seed=7)
        async def test_faults(chatbot):
            await chatbot.start("hours")
            ana = await chatbot.customer()
            for _ in range(5):
                await ana.says("open?")
                await ana.hears("9 to 5", within=120)
            await ana.hears_nothing(within=120)

        @pytest.mark.chatbot_capabilities(without="Transfer")
        async def test_capabilities(chatbot):
            await chatbot.start(Mover)
            ana = await chatbot.customer()
            await ana.says("sales please")
            await ana.hears("not here")

        @pytest.mark.chatbot_platform(index_step=3, lost_session="20")
        async def test_platform(chatbot):
            await chatbot.start("hours")
            ana = await chatbot.customer()
            await ana.says("open?")
            await ana.hears("9 to 5")
            assert [line.index for line in chatbot.simulator.world.chats()[0].transcript.lines][-1] % 3 == 1
        """
    )
    project.runpytest_inprocess("--strict-markers").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ("def test_sync(chatbot): pass", "*fix: make it async def"),
        (
            "@pytest.mark.chatbot_platform(index_stp=3)\nasync def test_x(chatbot): pass",
            "*closest: index_step",
        ),
        (
            "@pytest.mark.chatbot_faults('drop')\nasync def test_x(chatbot): await chatbot.start()",
            "*no fault is called 'drop'*",
        ),
        ("async def test_x(chatbot): await chatbot.start('huors')", "*closest: hours"),
        ("async def test_x(chatbot): await chatbot.start('hours', txt='x')", "*txt*text*"),
        ("async def test_x(chatbot): await chatbot.start_bot('x')", "*bots.toml*"),
    ],
)
def test_mistakes_are_told_in_words(project: pytest.Pytester, test: str, said: str) -> None:
    project.makepyfile(f"import pytest\n\n{test}\n")
    result = project.runpytest_inprocess()
    assert result.parseoutcomes().get("passed", 0) == 0
    result.stdout.fnmatch_lines([said])
    gc.collect()  # what the test left open would be told now


def test_a_fixture_of_that_name_that_a_project_has_is_left_alone(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.fixture
        def chatbot(): return "mine"

        def test_sync(chatbot): assert chatbot == "mine"

        async def test_async(chatbot): assert chatbot == "mine"
        """
    )
    project.runpytest_inprocess().assert_outcomes(passed=2)


def test_the_plugin_imports_nothing_that_is_heavy() -> None:
    code = (
        "import sys, pytest, chatbot.testing.plugin\n"
        "print(*sorted(m for m in sys.modules if m.startswith('chatbot')), 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["chatbot", "chatbot.testing", "chatbot.testing.plugin", "False"]


def test_without_pytest_asyncio_it_says_what_to_install(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\n")
    project.makepyfile("async def test_x(chatbot): pass")
    result = project.runpytest_subprocess("-p", "no:asyncio", "-p", "no:anyio")
    result.stdout.fnmatch_lines(["*pip install pytest-asyncio*"])


def test_a_test_that_waits_for_ever_ends_and_shows_the_talk(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(virtual_time, "ALLOWANCE_S", 900.0)
    project.makepyfile(
        """
        import asyncio

        async def test_for_ever(chatbot):
            await chatbot.start("hours")
            await asyncio.Event().wait()

        async def test_after_it(chatbot):
            await chatbot.start("hours")
        """
    )
    result = project.runpytest_inprocess()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [">*asyncio.Event().wait()", "*nothing has come for 0.25 hours*", "*hooks of bot 'bot':"]
    )
