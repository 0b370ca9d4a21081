from chatbot.bot.journal import Checkpoint, NoJournal, Saved


async def test_without_a_journal_nothing_is_waited_for_and_nothing_is_left() -> None:
    journal = NoJournal()
    await journal.put(Checkpoint("c1", "started", cursor=3))
    assert await journal.load() == Saved()
