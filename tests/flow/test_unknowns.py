"""Where nobody knows how a real server behaves, both answers work (reference, section 15)."""

from typing import Any

import pytest

from chatbot import ChatEnded, TextReceived, hookimpl
from chatbot.simulator.options import Options
from tests.flow.stage import on_stage

BEHAVIOURS: dict[str, dict[str, Any]] = {
    "ready after the start": {"state_after_login": "Ready"},
    "a second session is refused": {"second_session_status": 19},
    "LeftChat after the customer left": {"after_customer_left": "LeftChat"},
    "Revoked after a transfer": {"after_transfer": "Revoked"},
    "addresses of another host": {"external_url": "https://gws.elsewhere.example"},
    "no chatPath": {"chat_path": False},
    "only participantId": {"participant_ids": "participantId"},
    "no visibility of participants": {"participant_visibility": False},
    "inner messageType": {"include_message_type": True},
    "times with T": {"timestamp_form": "T"},
    "times without separator": {"timestamp_form": "none", "timestamp_seconds": False},
    "indexes in steps of three": {"index_step": 3},
    "no TranscriptSaveDone": {"transcript_save_done": False},
    "reference ids always": {"reference_ids": "always"},
    "reference ids never": {"reference_ids": "never"},
    "status for statusCode": {"status_key": "status"},
    "statusCode as a string": {"status_key": "string"},
    "HTTP errors for codes": {"error_http_status": 400},
    "POST makes sessions": {"post_creates_session": True},
    "Secure cookies": {"cookie_secure": True},
    "cookies of a path": {"cookie_path": "/api/v2"},
    "no CSRF": {"csrf": False},
    "CSRF under another name": {"csrf_header": "X-Anti-Forgery"},
    "no CSRF on CometD": {"csrf_on_cometd": False},
    "first connect is not held": {"hold_first_connect": False},
    "polls are not held": {"poll_timeout": 0.0},
    "polls with an interval": {"poll_interval": 0.05, "poll_timeout": 0.2},
    "advice with maxInterval": {"advise_max_interval": True},
    "no ack extension": {"ack_extension": False},
    "events on any reply": {"events_on_any_reply": True},
    "one session per browser": {"max_sessions_per_browser": 1},
}


class Echo:
    @hookimpl
    async def on_text(self, event: TextReceived) -> str:
        return f"You said {event.text}"


@pytest.mark.parametrize("behaviour", BEHAVIOURS.values(), ids=BEHAVIOURS)
async def test_the_main_job_works_either_way(behaviour: dict[str, Any]) -> None:
    async with on_stage(Echo(), options=Options(**behaviour)) as stage, stage.customer() as ana:
        await ana.says("one")
        await ana.hears("^You said one$")
        await ana.says("two")
        await ana.hears("^You said two$")
        await ana.ends()
        await stage.seen.event(ChatEnded)
        await ana.sees_end()
        answers = [line.text for line in ana.lines if line.sender_type == "Agent" and line.type == "Text"]
    assert answers == ["You said one", "You said two"]
    assert stage.operations()[-1] == "EndContactCenterSession"
