from chatbot.model.handoff import Accepted, CustomerLeft, Outcome, Queued, Refused, TimedOut
from chatbot.model.resources import Participant


def told(outcome: Outcome) -> str:
    match outcome:
        case Accepted(by=Participant(nickname=name)):
            return f"{name} has it"
        case Accepted() | Queued():
            return "done"
        case Refused(reason):
            return reason
        case TimedOut(seconds):
            return f"nobody in {seconds:g} s"
        case CustomerLeft():
            return "too late"


def test_each_outcome_is_told_apart_and_says_what_matters() -> None:
    outcomes: list[Outcome] = [
        Accepted(Participant(nickname="Helena")),
        Accepted(),
        Queued("Support"),
        Refused("no"),
        TimedOut(90.0),
        CustomerLeft(),
    ]
    assert [told(one) for one in outcomes] == [
        "Helena has it",
        "done",
        "done",
        "no",
        "nobody in 90 s",
        "too late",
    ]
