"""Everything about the platform that an installation or an unknown may change.

Sections are those of the GWS reference. Where it says UNK, the default is the likely answer.
Times are seconds.
"""

from dataclasses import dataclass
from typing import Literal

DEFAULT_FEATURES = (
    "api-multimedia",
    "api-multimedia-chat",
    "api-supervisor-monitoring",
    "api-supervisor-agent-control",
    "api-voice",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The knobs of a simulator; the attribute comments cite the reference section.

    An instance is immutable: make another simulator for another behaviour.
    """

    # Agents and sessions
    open_house: bool | None = None
    """Unknown user names are created at login; None: only while no agent was listed (the simulator's own)."""
    capacity: int = 100
    """Chats an agent may hold at once, if the agent names no number (3.4)."""
    channels: tuple[str, ...] = ("chat",)
    """Channels an agent may log in to; others answer code 5, or 7 together with a good one (3.3)."""
    features: tuple[str, ...] = DEFAULT_FEATURES
    """Features switched on; chat needs api-multimedia (2.5)."""
    state_after_login: Literal["Ready", "NotReady"] = "NotReady"
    """State of channel chat after StartContactCenterSession (3.4, UNK)."""
    second_session_status: int = 0
    """Answer to StartContactCenterSession while one is open: 0, or e.g. 19 (4.6, UNK)."""
    custom_states: tuple[str, ...] = ("OutToLunch", "AfterCallWork")
    """Operation names of further states, all of kind NotReady (3.4)."""
    dispositions: tuple[str, ...] = ("resolved", "unresolved", "callback")
    """What GET /settings/dispositions lists (2.6)."""

    # Routing
    offer_timeout: float = 30.0
    """How long an offer rings before it goes on to the next agent (15, UNK)."""
    offer_timeout_state: Literal["Revoked", "Completed"] = "Revoked"
    """What the agent sees who let it ring (5.3, INF)."""
    not_ready_after_timeout: bool = False
    """Whether that agent is made NotReady."""
    strict_queues: bool = False
    """Code 6 for a queueName that no agent serves (6.4, UNK)."""
    targets_must_be_ready: bool = False
    """Whether a direct target of Transfer, Consult or Invite must be Ready, not only logged in (6.4, UNK)."""
    unavailable_target: Literal["notification", "status"] = "notification"
    """A target that is not there: a bare Error notification, or code 2 in the answer (6.4, UNK)."""

    # Chats
    after_customer_left: Literal["Chatting", "LeftChat"] = "Chatting"
    """State of the agents' chat when the customer leaves first (5.3, UNK)."""
    after_transfer: Literal["Completed", "Revoked", "LeftChat"] = "Completed"
    """End state for the agent who transferred (5.3, INF)."""
    others_after_complete: Literal["Completed", "Revoked"] = "Completed"
    """What the other agents of a conference see when one completes the chat (5.3, UNK)."""
    chats_at_logout: Literal["requeue", "keep"] = "requeue"
    """What becomes of the chats of an agent who ends the contact-centre session (15, UNK)."""
    monitoring_offers: bool = False
    """Whether a monitored chat is first offered to the supervisor instead of joined at once (6.2, UNK)."""
    focus_capability: Literal["SetInFocus", "InFocus"] = "SetInFocus"
    """Both names are printed (9.2)."""
    withheld: frozenset[str] = frozenset()
    """Operations on chats that this installation does not allow: not listed, and refused (5.4)."""
    leave_and_complete: bool = False
    """Whether LeaveAndComplete exists; it has no page (6.3, UNK)."""
    unknown_operation_status: int = 3
    """Answer to an operationName nobody knows (6.4, UNK)."""
    customer_idle_timeout: float = 45.0
    """A web customer who stops polling leaves after this long; 0: never (8.5, 10.2 INF)."""

    # Shapes
    external_url: str | None = None
    """Prefix of every `uri` in place of the address that was called (2.1)."""
    chat_path: bool = True
    """`path` in chats and `chatPath` in log updates, as newer servers send (7.1)."""
    participant_ids: Literal["both", "participantId"] = "both"
    """`id` next to `participantId`, with uri and path of agents, as newer servers send (5.5)."""
    participant_visibility: bool = True
    """`visibility` in participants (5.5)."""
    include_message_type: bool = False
    """Echo the inner messageType: the server option includeMessageType (6.1, SendMessage)."""
    system_text_type: Literal["Text", "Notice"] = "Text"
    """Type of a line sent with treatAs System (6.1, UNK)."""
    timestamp_form: Literal["T", "space", "none"] = "space"
    """What stands between date and time (8.4)."""
    utc_offset_minutes: int = 0
    """Zone in which timestamps are printed (8.4)."""
    timestamp_seconds: bool = True
    """`timestampSeconds`, in milliseconds; absent in older samples (8.4)."""
    index_step: int = 1
    """Distance of two transcript indexes; above 1 there are gaps (8.2)."""
    transcript_save_done: bool = True
    """A TranscriptSaveDone line, index -1, when the customer's session ends (8.1)."""
    answer_first: bool = True
    """Whether an operation is answered before its events go out; False: events may come first (2.2, UNK)."""
    reference_ids: Literal["documented", "always", "never"] = "documented"
    """`referenceId` in POST answers; "never" also strips it from notifications (2.2, UNK)."""
    status_key: Literal["statusCode", "status", "string"] = "statusCode"
    """Odd forms of the status: `status`, or `statusCode` as a string (2.4)."""

    # HTTP
    error_http_status: int = 200
    """HTTP status of answers whose statusCode is not 0 or 7 (2.2)."""
    refused_login: Literal["401", "20"] = "401"
    """Refused credentials: HTTP 401, or HTTP 200 with code 20 (15, UNK)."""
    lost_session: Literal["403", "401", "20"] = "403"
    """A write or poll whose session is gone: the CSRF text, HTTP 401, or code 20 (3.1, INF)."""
    session_idle: float = 1800.0
    """Idle limit of an HTTP session (2.1)."""
    post_creates_session: bool = False
    """Whether a write with Basic and no cookie is let in and opens a session (3.1)."""
    cookie_secure: bool = False
    """The Secure flag even over plain http (4.5)."""
    cookie_path: str = "/"
    """Path of JSESSIONID."""
    csrf: bool = True
    """CSRF protection (3.2)."""
    csrf_header: str = "X-CSRF-TOKEN"
    """Name of the request header, told in X-CSRF-HEADER (3.2)."""
    csrf_on_cometd: bool = True
    """Whether CometD POSTs need the token too (15, UNK)."""
    require_contact_center_id: bool = False
    """Code 1 for customer requests without the ContactCenterId header (10.2, UNK)."""
    contact_center_id: str | None = None
    """The only id that is known; others get code 6. None: any (10.2, UNK)."""
    customer_path_prefix: str = "/api/v2/chats/"
    """Prefix of `path` in the answer to RequestChat; the page and the sample differ (10.2)."""
    customer_line_types: frozenset[str] | None = None
    """Line types that customers get; None: all that are visible to All (10.2, UNK)."""
    index_moves_delivery: bool = True
    """Whether a customer's poll with `index` moves the delivery position too (10.2, UNK)."""
    record_limit: int = 1000
    """How many requests the simulator remembers."""

    # CometD
    poll_timeout: float = 30.0
    """How long a /meta/connect is held (4.1, another product's value)."""
    poll_interval: float = 0.0
    """`advice.interval` (4.1)."""
    max_interval: float = 15.0
    """Silence after which a client is forgotten (4.1, another product's value)."""
    advise_max_interval: bool = False
    """Whether the advice names maxInterval."""
    hold_first_connect: bool = True
    """Whether the first /meta/connect is held although nothing is known yet (15, UNK)."""
    ack_extension: bool = True
    """The acknowledgement extension (4.5, UNK)."""
    events_on_any_reply: bool = False
    """Whether events also ride on replies other than those to /meta/connect (4.5)."""
    max_sessions_per_browser: int = 0
    """Held polls per BAYEUX_BROWSER cookie; 0: no limit (4.5)."""
    multi_session_interval: float = 2.0
    """`advice.interval` for a client beyond that limit (4.5)."""
