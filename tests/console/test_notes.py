"""What became of a form."""

from itertools import count

from chatbot.console.notes import Note, Notes


def test_a_note_is_kept_for_a_while() -> None:
    numbers = count()
    notes = Notes(lambda: str(next(numbers)))
    assert notes.get("") is None
    assert notes.get(notes.add(Note("done"))) == Note("done")
    for _ in range(200):
        notes.add(Note("more"))
    assert (notes.get("0"), notes.get("1")) == (None, Note("more"))
