"""Joining: what is refused before anything is sent, and why a join fails."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from ams_client import AmsError, PeerIdentity, create_account, join, offer, parse_link
from fake_broker import QUICK, TOKEN, FakeBroker, join_quickly, with_broker

LINK = f"https://h/ns/conversations/al?t={TOKEN}"


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("", "not a magic link"),
        ("hello", "not a magic link"),
        (f"ftp://h/ns/conversations/al?t={TOKEN}", "not a magic link"),
        ("https://h/ns/conversations/al", "cut off"),
        ("https://h/ns/conversations/al?t=half", "damaged"),
        (LINK + "x", "damaged"),
        (LINK.replace("/ns/", "/v1/"), "damaged"),
        (LINK.replace("/al?", "/Al?"), "damaged"),
        (LINK.replace("https://h", "https://h:99999"), "damaged"),
        ("https://h/conversations/" + "a" * 100_000, "cut off"),
    ],
)
def test_what_is_no_link_is_refused_with_the_reason(link: str, says: str) -> None:
    with pytest.raises(AmsError, match=says) as error:
        join(link)
    assert error.value.code == "invalid_link"
    assert TOKEN not in str(error.value)


def test_a_link_is_read_as_the_typescript_client_reads_it() -> None:
    link = parse_link(f" https://u:p@h:81/below/it/ns/conversations/al?x=1&t={TOKEN}#here\n")
    assert (link.base_url, link.namespace, link.alias) == ("https://h:81/below/it", "ns", "al")
    assert link.connect_url == f"wss://h:81/below/it/ns/conversations/al/connect?x=1&t={TOKEN}"
    assert parse_link(f"http://[::1]:9/ns/conversations/al?t={TOKEN}").base_url == "http://[::1]:9"
    assert TOKEN not in repr(link)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"credential": "ams_sk_short"}, "invalid_credential"),
        ({"credential": 7}, "invalid_credential"),
        ({"stream_name": "-a"}, "invalid_stream_name"),
        ({"stream_name": "a\n"}, "invalid_stream_name"),
        ({"stream_metadata": []}, "invalid_stream_metadata"),
        ({"stream_metadata": {"a": "x" * 20_000}}, "invalid_stream_metadata"),
        ({"peer_identity": PeerIdentity("robot")}, "invalid_argument"),  # type: ignore[arg-type]
        ({"peer_identity": PeerIdentity("agent", "m" * 2_000)}, "invalid_argument"),
        ({"subscribe_streams": []}, "invalid_argument"),
        ({"subscribe_streams": ["peer"]}, "invalid_argument"),
        ({"reconnect_for_s": -1}, "invalid_argument"),
        ({"send_buffer_bytes": "much"}, "invalid_argument"),
    ],
)
def test_bad_options_are_refused_at_once(options: dict[str, Any], code: str) -> None:
    with pytest.raises(AmsError) as error:
        join(LINK, **options)
    assert error.value.code == code


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="stream_nam"):
        join(LINK, stream_nam="x")  # type: ignore[call-arg]


@with_broker
async def test_the_address_carries_the_wishes_and_no_header(broker: FakeBroker) -> None:
    credential = "ams_sk_" + "c" * 43
    identity = PeerIdentity("agent", model="m")
    me, call = await join_quickly(
        broker,
        credential=credential,
        stream_metadata={"é": 1},
        peer_identity=identity,
        self_subscribe=True,
    )
    assert call.path == "/ns/conversations/al/connect"
    assert call.query["t"] == TOKEN
    assert call.query["stream_metadata"] == "eyLDqSI6MX0"
    assert call.query["self_subscribe"] == "true"
    assert call.protocols.split(", ") == ["ams.v1", f"ams.bearer.{credential}"]
    assert call.inner.request is not None
    assert "Authorization" not in call.inner.request.headers
    await me.close()
    guest, call = await join_quickly(broker)
    assert call.protocols.split(", ") == ["ams.v1", "ams.guest"]
    assert guest.stream_name == call.query["stream_name"]
    await guest.close()


@pytest.mark.parametrize(
    ("code", "reason"),
    [(4001, "invalid_magic_link"), (4004, "stream_name_conflict"), (4003, "x")],
)
def test_a_refused_join_raises_what_refused_it(code: int, reason: str) -> None:
    @with_broker
    async def run(broker: FakeBroker) -> None:
        broker.refuse = (code, reason)
        with pytest.raises(AmsError) as error:
            await join(broker.link, timing=QUICK)
        assert error.value.code == ("refused" if reason == "x" else reason)
        assert error.value.close_code == code

    run()


def test_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

        async def run() -> None:
            for call in (
                _join(f"{url}/ns/conversations/al?t={TOKEN}"),
                create_account(url),
                offer(url),
            ):
                with pytest.raises(AmsError) as error:
                    await call
                assert error.value.code == "unreachable"

        asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "not_ams"),
        (b"HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n", "unavailable"),
        (b"HTTP/1.1 301 Moved\r\nlocation: http://x/\r\ncontent-length: 0\r\n\r\n", "not_ams"),
        (b"nonsense\r\n\r\n", "unreachable"),
        (b"", "unreachable"),
    ],
)
def test_something_else_answers(answer: bytes, code: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10_000)
        writer.write(answer)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for call in (_join(f"{url}/ns/conversations/al?t={TOKEN}"), offer(url)):
            with pytest.raises(AmsError) as error:
                await call
            assert error.value.code == code
            assert TOKEN not in str(error.value)
        server.close()
        await server.wait_closed()

    asyncio.run(run())


def test_a_server_that_never_answers_is_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(AmsError) as error:
            await offer(url, timeout_s=0.05)
        assert error.value.code == "timeout"
        server.close()

    asyncio.run(run())


@with_broker
async def test_a_join_that_is_cancelled_at_any_await_leaves_nothing(broker: FakeBroker) -> None:
    for delay in (0, 0, 0.001, 0.002, 0.005, 0.02):
        joining = asyncio.ensure_future(_join(broker.link))
        await asyncio.sleep(delay)
        joining.cancel()
        results = await asyncio.gather(joining, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)


async def _join(link: str) -> object:
    return await join(link, timing=QUICK)
