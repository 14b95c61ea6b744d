"""Coming back: the close-code table, outages, silence, moving away from a draining gateway."""

from __future__ import annotations

import asyncio

import pytest

from ams_client import AmsError, GapEvent, JoinedEvent, ReconnectingEvent, join
from ams_client.closes import CLOSES
from ams_client.errors import CLOSE_REASONS
from fake_broker import (
    QUICK,
    FakeBroker,
    came,
    join_quickly,
    metadata,
    named,
    quick,
    token,
    with_broker,
)

FINAL = sorted(reason for reason, row in CLOSES.items() if row[1] in ("no", "renamed"))
BACK = sorted(set(CLOSE_REASONS) - set(FINAL))


@pytest.mark.parametrize("reason", FINAL)
def test_a_final_close_ends_the_connection(reason: str) -> None:
    @with_broker
    async def run(broker: FakeBroker) -> None:
        me, call = await join_quickly(broker)
        tokens = me.tokens()
        await call.close(CLOSES[CLOSE_REASONS[reason]][0], reason)
        error = await me.wait_closed()
        assert error is not None
        assert error.code == reason
        with pytest.raises(AmsError) as raised:
            await anext(tokens)
        assert raised.value.code == reason
        assert broker.calls.empty()

    run()


@pytest.mark.parametrize("reason", BACK)
def test_every_other_close_is_come_back_from(reason: str) -> None:
    @with_broker
    async def run(broker: FakeBroker) -> None:
        me, call = await join_quickly(broker, stream_name="ada")
        events = me.events()
        await call.close(CLOSES[CLOSE_REASONS[reason]][0], reason)
        again = await broker.call()
        assert again.query["stream_name"] == "ada"
        await again.join()
        kinds = [(await anext(events)).type for _ in range(3)]
        assert kinds == ["joined", "reconnecting", "joined"]
        await me.close()

    run()


@with_broker
async def test_unknown_reasons_count_as_their_code_and_unknown_codes_as_4500(
    broker: FakeBroker,
) -> None:
    me, call = await join_quickly(broker)
    await call.close(4777, "new_in_2030")
    call = await broker.call()
    await call.join()
    await call.close(4005, "new_in_2030")
    error = await me.wait_closed()
    assert error is not None
    assert (error.code, error.close_code) == ("refused", 4005)


@with_broker
async def test_what_changed_meanwhile_is_reported(broker: FakeBroker) -> None:
    peers = [{**named(), "metadata": {}}, {**named("gone", "str_" + "3" * 26), "metadata": {}}]
    me, call = await join_quickly(broker, {"peers": peers})
    events = me.events()
    await call.send(token("1-1", "a"), token("1-1", "g", "str_" + "3" * 26, "gone"))
    call.cut()
    again = await broker.call()
    new = {**named("new", "str_" + "4" * 26), "metadata": {}}
    await again.join(peers=[{**named(), "metadata": {"changed": 1}}, new])
    await again.send(token("1-9", "z"))
    seen: list[str] = []
    async for event in events:
        seen.append(event.type + (f" {event.reason}" if isinstance(event, GapEvent) else ""))
        if isinstance(event, JoinedEvent) and event.reconnected:
            break
    assert seen == [
        "joined",
        "token",
        "token",
        "reconnecting",
        "gap reconnected",
        "stream_left",
        "gap reconnected",
        "stream_joined",
        "joined",
    ]
    event = await anext(events)
    assert event.type == "token"  # The loss before it has been reported.
    await me.close()


@with_broker
async def test_a_loss_while_away_shows_at_the_next_frame(broker: FakeBroker) -> None:
    peers = [{**named(), "metadata": {}}]
    me, call = await join_quickly(broker, {"peers": peers})
    events = me.events()
    await call.send(token("1-1", "a"))
    call.cut()
    again = await broker.call()
    await again.join(peers=peers)
    await again.send(token("1-3", "c"))
    async for event in events:
        if isinstance(event, GapEvent):
            assert (event.after, event.before, event.missing) == ("1-1", "1-3", 1)
            break
    await me.close()


@with_broker
async def test_a_text_that_an_outage_interrupts_says_that_tokens_are_lost(
    broker: FakeBroker,
) -> None:
    peers = [{**named(), "metadata": {}}]
    me, call = await join_quickly(broker, {"peers": peers})
    text = me.text("peer")
    await call.send(token("1-1", "a"))
    assert await anext(text) == "a"
    call.cut()
    await (await broker.call()).join(peers=peers)
    with pytest.raises(AmsError) as lost:
        await anext(text)
    assert lost.value.code == "tokens_lost"
    await me.close()


@with_broker
async def test_it_gives_up_in_time(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker, reconnect_for_s=0.2)
    broker.refuse = (4500, "internal_error")
    call.cut()
    error = await me.wait_closed()
    assert error is not None
    assert error.code in ("internal_error", "connection_lost")  # As the last try ended.
    other_link = broker.link
    broker.refuse = (4503, "draining")
    with pytest.raises(AmsError) as busy:
        await join(other_link, timing=quick(join_s=0.1))
    assert busy.value.code == "draining"


@with_broker
async def test_silence_is_noticed(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker, timing=quick(idle_s=0.05, pong_s=0.05))
    events = me.events()
    assert (await call.receive())["type"] == "ping"
    await call.send({"type": "pong"})
    again = await broker.call()  # The second ping has no answer.
    await again.join()
    async for event in events:
        if isinstance(event, ReconnectingEvent):
            assert event.cause.code == "connection_lost"
            break
    await me.close()


@with_broker
async def test_it_moves_away_from_a_draining_gateway_without_an_outage(
    broker: FakeBroker,
) -> None:
    peers = [{**named(), "metadata": {}}]
    me, call = await join_quickly(broker, {"peers": peers})
    text = me.text("peer")
    await call.send(token("1-1", "a"), {"type": "x_drain", "reconnect_after_ms": 10})
    again = await broker.call()
    assert not call.inner.close_code
    await again.join(peers=peers, resumed=True)
    await again.send(token("1-2", "b"), metadata("1-3", {"ams.convention.v1": "end_of_turn"}))
    assert await text.read() == "ab"
    await me.send("here")
    assert (await again.receive())["data"] == "here"
    await me.close()


@with_broker
async def test_a_broken_protocol_ends_it_with_the_reason(broker: FakeBroker) -> None:
    for nonsense in ("{", "[]", '{"type":"token"}', '{"type":7}', '{"a":1}'):
        me, call = await join_quickly(broker)
        await call.send(nonsense)
        error = await me.wait_closed()
        assert error is not None
        assert error.code == "unexpected_answer", nonsense
    joining = asyncio.ensure_future(_join(broker.link))
    call = await broker.call()
    await call.send(came())
    with pytest.raises(AmsError) as first:
        await joining
    assert first.value.code == "unexpected_answer"


@with_broker
async def test_a_server_that_closes_at_every_frame_is_asked_ever_more_slowly(
    broker: FakeBroker,
) -> None:
    me, call = await join_quickly(broker, reconnect_for_s=5)
    for _ in range(5):
        call.cut()
        call = await broker.call()
        await call.join()
    delays: list[float] = []
    async for event in me.events():
        if isinstance(event, ReconnectingEvent):
            delays.append(event.delay_s)
        if len(delays) == 5:
            break
    assert delays == sorted(delays)
    await me.close()


@with_broker
async def test_unknown_frames_and_members_are_passed_over(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    tokens = me.tokens()
    await call.send({"type": "x_new"}, {"type": "later"}, {**token("1-1", "a"), "extra": [1]})
    assert (await anext(tokens)).data == "a"
    await me.close()


async def _join(link: str) -> object:
    return await join(link, timing=QUICK)
