from chatbot.simulator.status import OperationError, Status


def test_codes_are_those_of_the_documented_table() -> None:
    wanted = {
        "DONE": 0,
        "MISSING": 1,
        "BAD_STATE": 2,
        "FORBIDDEN": 3,
        "NO_PERMISSION": 5,
        "NOT_FOUND": 6,
        "PARTLY": 7,
        "INVALID": 10,
        "NOT_AUTHENTICATED": 20,
    }
    assert {status.name: int(status) for status in Status} == wanted


def test_an_error_carries_code_and_text() -> None:
    error = OperationError(Status.NOT_FOUND, "No chat x")
    assert (error.status, error.message, str(error)) == (6, "No chat x", "No chat x")
