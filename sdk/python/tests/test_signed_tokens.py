"""Signed tokens byte for byte (§2.13.4): the TypeScript SDK has the same vectors."""

from __future__ import annotations

import pytest

from ams_client import AmsError, SigningKey, parse_link, sign_bearer_token, sign_join_token

KEY = SigningKey(
    account_id="acc_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ",
    key_id="key_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ",
    credential="ams_sk_" + "a" * 43,
)
CONVERSATION = "conv_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ"
NOW = 1_769_860_800

JOIN = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImtleV8wMUo4WlE0VDlWM1c1WDdZOUFCQ0RFRkdISiIsInR5cCI6ImFtcy1qb2lu"
    "K2p3dCJ9."
    "eyJpc3MiOiJhY2NfMDFKOFpRNFQ5VjNXNVg3WTlBQkNERUZHSEoiLCJjb252ZXJzYXRpb24iOiJjb252XzAxSjhaUTRU"
    "OVYzVzVYN1k5QUJDREVGR0hKIiwic3RyZWFtX25hbWUiOiJhbGljZSIsInJlYWRfb25seSI6ZmFsc2UsImlhdCI6MTc2"
    "OTg2MDgwMCwiZXhwIjoxNzY5ODYwODYwfQ."
    "vPdlF4lmEVDmTQGibU7u3XYovSij_90mOBX43KkEZ-1TCLtpwn2AY7nKL2_t96ixOFs0TTM2U5452aw04uXACg"
)
BEARER = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImtleV8wMUo4WlE0VDlWM1c1WDdZOUFCQ0RFRkdISiIsInR5cCI6ImFtcy1iZWFy"
    "ZXIrand0In0."
    "eyJpc3MiOiJhY2NfMDFKOFpRNFQ5VjNXNVg3WTlBQkNERUZHSEoiLCJzY29wZSI6ImpvaW4gcmVhZCIsImlhdCI6MTc2"
    "OTg2MDgwMCwiZXhwIjoxNzY5ODYxNDAwfQ."
    "yTSwhyGMBJEEw-fJfO47oFXQpLVmeT_-Eq2TdjaTXVHkx2zebHH3A2GqQo12QWvKG01Ff3-ws5lKomwGa-IYAw"
)


def test_the_tokens_of_a_fixed_key_and_time_are_these() -> None:
    """§2.13.4."""
    joins = sign_join_token(KEY, conversation_id=CONVERSATION, stream_name="alice", now=NOW)
    assert joins == JOIN
    assert sign_bearer_token(KEY, scopes=["join", "read"], now=NOW) == BEARER
    assert KEY.credential not in repr(KEY)


def test_a_join_token_stands_in_a_link() -> None:
    """§2.13.5."""
    link = parse_link(f"https://ams.example/falcon/conversations/standup?t={JOIN}")
    assert link.token == JOIN


@pytest.mark.parametrize("expires_in_s", [0, 601])
def test_a_wrong_life_is_refused_at_once(expires_in_s: int) -> None:
    """§2.13.5."""
    with pytest.raises(AmsError, match="expires_in_s"):
        sign_join_token(
            KEY, conversation_id=CONVERSATION, stream_name="alice", expires_in_s=expires_in_s
        )
