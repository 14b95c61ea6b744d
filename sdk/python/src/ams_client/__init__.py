"""AMS, the Agent Messaging Service: join a conversation by its magic link.

Write a stream of your own, receive all others, and come back by itself when the connection breaks.
`ams_client.sync` has the same without asyncio.
"""

from .account import (
    Account,
    Conversation,
    Inspected,
    Minted,
    Offer,
    create_account,
    inspect,
    offer,
    open_account,
)
from .connection import Connection
from .conventions import END_OF_CONVERSATION_DATA, END_OF_TURN_DATA, sentinel_of
from .errors import AmsError, AmsErrorCode
from .events import (
    AmsEvent,
    ClosedEvent,
    CursorEvent,
    DrainingEvent,
    GapEvent,
    JoinedEvent,
    LiveEvent,
    Metadata,
    NoticeEvent,
    Peer,
    PeerIdentity,
    Receipt,
    ReconnectingEvent,
    ReplayedEvent,
    StreamEndedEvent,
    StreamIdentity,
    StreamJoinedEvent,
    StreamLeftEvent,
    StreamMetadataEvent,
    TokenEvent,
    Turn,
)
from .join import join
from .link import Link, parse_link
from .owned import (
    CreatedKey,
    CreatedLink,
    Key,
    KeyScope,
    LinkTerms,
    ListedKey,
    ListedLink,
    UsageHour,
)
from .pipe import Piped
from .signed_tokens import SigningKey, sign_bearer_token, sign_join_token
from .streams import Streams, stream_name_of
from .tokens import split_text
from .turns import Text

__all__ = [
    "END_OF_CONVERSATION_DATA",
    "END_OF_TURN_DATA",
    "Account",
    "AmsError",
    "AmsErrorCode",
    "AmsEvent",
    "ClosedEvent",
    "Connection",
    "Conversation",
    "CreatedKey",
    "CreatedLink",
    "CursorEvent",
    "DrainingEvent",
    "GapEvent",
    "Inspected",
    "JoinedEvent",
    "Key",
    "KeyScope",
    "Link",
    "LinkTerms",
    "ListedKey",
    "ListedLink",
    "LiveEvent",
    "Metadata",
    "Minted",
    "NoticeEvent",
    "Offer",
    "Peer",
    "PeerIdentity",
    "Piped",
    "Receipt",
    "ReconnectingEvent",
    "ReplayedEvent",
    "SigningKey",
    "StreamEndedEvent",
    "StreamIdentity",
    "StreamJoinedEvent",
    "StreamLeftEvent",
    "StreamMetadataEvent",
    "Streams",
    "Text",
    "TokenEvent",
    "Turn",
    "UsageHour",
    "create_account",
    "inspect",
    "join",
    "offer",
    "open_account",
    "parse_link",
    "sentinel_of",
    "sign_bearer_token",
    "sign_join_token",
    "split_text",
    "stream_name_of",
]
