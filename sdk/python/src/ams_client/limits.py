"""Limits of the protocol (§9.1) and of this package, each with its unit and reason."""

TOKEN_BYTES_MAX = 65_536
"""Bytes of UTF-8 in one token (§4.3)."""

METADATA_BYTES_MAX = 16_384
"""Bytes of compact JSON in the metadata of a stream or conversation (§1.7)."""

METADATA_ADDRESS_BYTES_MAX = 8_192
"""Bytes of metadata that a connect address carries; more follows in a frame (§3.2)."""

PEER_IDENTITY_BYTES_MAX = 1_024
"""Bytes of JSON in a peer identity (§3.2)."""

SUBSCRIBE_STREAMS_MAX = 256
"""Stream ids in one selection (§3.2)."""

JSON_DEPTH_MAX = 64
"""Levels of objects and arrays in a frame (§1.8)."""

SEND_BUFFER_BYTES = 4_194_304
"""Bytes that may wait to be sent: some seconds of any model, a dozen of the largest tokens."""

SOCKET_BUFFER_BYTES = 262_144
"""Bytes that the socket may hold: little, as they are in doubt when the connection breaks."""

RECEIPTS_MAX = 16_384
"""Frames that may wait for their receipts: those of a second at full speed."""

QUEUE_CHARACTERS_MAX = 8_388_608
"""Characters that the waiting items of one iterator may hold together."""

BACKLOG_CHARACTERS_MAX = 262_144
"""Characters of events kept until somebody listens: what comes while a program starts."""

EVENT_CHARACTERS = 256
"""What one event costs beside its text, in characters: its object and its queue entry."""

GONE_MAX = 1_024
"""Streams that left and are remembered by id; the oldest then counts as not there yet."""

PINGS_MAX = 64
"""Pings under way: nobody needs more, and each is kept until its pong."""

FRAME_BYTES_MAX = 67_108_864
"""Bytes of one frame from a server: a `joined` with the largest roster stays below."""

ANSWER_BYTES_MAX = 67_108_864
"""Bytes of one HTTP answer: the largest listing stays below."""

REQUEST_S = 15.0
"""Seconds for one request to the control plane, answer included."""

RECONNECT_FOR_S = 600.0
"""Seconds for which a broken connection tries to come back."""
