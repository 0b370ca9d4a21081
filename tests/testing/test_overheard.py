"""What is logged or printed is heard, wherever it goes."""

import logging
import sys

from chatbot.testing.overheard import overheard


def test_all_ways_out_are_heard_and_given_back() -> None:
    own = logging.getLogger("a logger of its own")
    own.propagate = False
    own.setLevel(logging.DEBUG)
    before = (sys.stdout, sys.__stderr__, logging.Logger.handle, logging.getLogger().level)
    with overheard() as told:
        own.info("logged")
        own.debug("too quiet")
        sys.stdout.write("printed\n")
        print("printed past others", file=sys.__stderr__)
    assert told() == ["logged", "printed", "printed past others"]
    assert (sys.stdout, sys.__stderr__, logging.Logger.handle, logging.getLogger().level) == before
