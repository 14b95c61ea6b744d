"""Listening: events, tokens, turns, gaps."""

from __future__ import annotations

import asyncio
import gc

import pytest

from ams_client import END_OF_TURN_DATA, AmsError, GapEvent, TokenEvent
from fake_broker import (
    OWN_ID,
    PEER_ID,
    FakeBroker,
    answer_ping,
    came,
    join_quickly,
    left,
    metadata,
    token,
    with_broker,
)

OTHER_ID = "str_" + "2" * 26


@with_broker
async def test_a_text_ends_with_its_turn_and_hides_the_sentinel(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    text = me.text("peer")
    await call.send(came(), token("1-1", "Hel"), token("9-1", "no", OTHER_ID, "other"))
    await call.send(token("1-2", "lo"), token("1-3", ' {"ams.convention.v1" : "end_of_turn"} '))
    await call.send(token("1-4", "next"))
    assert [piece async for piece in text] == ["Hel", "lo"]
    await me.close()


@with_broker
async def test_metadata_of_older_writers_ends_a_turn(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    text = me.text("peer")
    await call.send(
        came(), token("1-1", "a"), metadata("1-2", {"ams.convention.v1": "end_of_turn"})
    )
    assert await text.read() == "a"
    await me.close()


@with_broker
async def test_a_text_ends_when_its_stream_leaves_or_the_connection_does(
    broker: FakeBroker,
) -> None:
    me, call = await join_quickly(broker)
    leaving = me.text(PEER_ID)
    await call.send(came(), token("1-1", "bye"), left("1-1"))
    assert await leaving.read() == "bye"
    assert await me.text(PEER_ID).read() == ""  # That id has left already.
    waiting = me.text("nobody")
    await me.close()
    assert await waiting.read() == ""


@with_broker
async def test_a_hole_ends_a_text_unless_it_is_skipped(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    strict, lenient = me.text("peer"), me.text("peer", gaps="skip")
    await call.send(came(), token("1-1", "a"), token("1-3", "c"), token("1-4", END_OF_TURN_DATA))
    assert await anext(strict) == "a"
    with pytest.raises(AmsError) as lost:
        await anext(strict)
    assert lost.value.code == "tokens_lost"
    assert await lenient.read() == "ac"
    await me.close()


@with_broker
async def test_turns_of_one_stream_pass_over_what_was_left_unread(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    turns = me.turns("peer")
    end = END_OF_TURN_DATA
    await call.send(came(), token("1-1", "one"), token("1-2", end), token("1-3", end))
    await call.send(token("1-4", "skipped"), token("1-5", "too"), token("1-6", end))
    await call.send(token("1-7", "three"), left("1-7"))
    texts: list[str] = []
    async for turn in turns:
        texts.append("" if len(texts) == 1 else await turn.read())
    assert texts == ["one", "", "three"]
    await me.close()


@with_broker
async def test_turns_of_everybody_come_as_they_end(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    turns = me.turns()
    await call.send(came(), came("other", OTHER_ID))
    await call.send(token("1-1", "slow "), token("1-1", "fast", OTHER_ID, "other"))
    await call.send(token("1-2", END_OF_TURN_DATA, OTHER_ID, "other"), token("1-2", "one"))
    await call.send(token("1-3", END_OF_TURN_DATA), token("1-3", "cut", OTHER_ID, "other"))
    await call.send(left("1-3", OTHER_ID, "other"))
    got = [await anext(turns) for _ in range(3)]
    assert [(t.name, t.text, t.complete) for t in got] == [
        ("other", "fast", True),
        ("peer", "slow one", True),
        ("other", "cut", False),
    ]
    await me.close()


@with_broker
async def test_each_kind_of_loss_is_one_gap_event(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    events = me.events()
    await call.send(came(), token("1-1", "a"), token("1-4", "d"), token("1-4", "again"))
    gap = {"type": "x_gap", "stream_id": PEER_ID, "after": "1-4", "before": "1-8"}
    await call.send({**gap, "reason": "bus_interrupted"}, token("1-8", "h"), left("1-9"))
    gaps: list[GapEvent] = []
    data: list[str] = []
    async for event in events:
        if isinstance(event, GapEvent):
            gaps.append(event)
        if isinstance(event, TokenEvent):
            data.append(event.data)
        if event.type == "stream_left":
            break
    assert data == ["a", "d", "h"]
    assert [(g.after, g.before, g.missing, g.reason) for g in gaps] == [
        ("1-1", "1-4", 2, "missed"),
        ("1-4", "1-8", 3, "bus_interrupted"),
        ("1-8", None, 1, "missed"),
    ]
    await me.close()


@with_broker
async def test_what_nobody_listened_to_is_kept_up_to_a_limit(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    await call.send(came(), token("1-1", "early"))
    await answer_ping(me, call)
    tokens = me.tokens()
    assert (await anext(tokens)).data == "early"
    other, call = await join_quickly(broker)
    await call.send(came(), *(token(f"1-{n}", "x" * 60_000) for n in range(1, 9)))
    await answer_ping(other, call)
    first = await anext(other.events())
    assert isinstance(first, GapEvent)
    assert (first.reason, first.stream_id) == ("unread", None)
    await me.close()
    await other.close()


@with_broker
async def test_a_slow_reader_gets_what_was_kept_and_then_an_error(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    tokens = me.tokens()
    await call.send(came(), *(token(f"1-{n}", "x" * 60_000) for n in range(1, 151)))
    await answer_ping(me, call)
    got = 0
    while True:
        try:
            await anext(tokens)
        except AmsError as error:
            slow = error
            break
        got += 1
    assert slow.code == "slow_consumer"
    assert 130 < got < 150
    await me.close()


@with_broker
async def test_an_iterator_that_is_abandoned_costs_nothing(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    await call.send(came(), token("1-1", "a"))
    async for _ in me.tokens():
        break
    texts = me.turns("peer")
    await call.send(token("1-2", "b"))
    async for _ in texts:
        break
    await texts.aclose()  # type: ignore[attr-defined]
    del texts
    gc.collect()
    assert not me._live.dispatcher._sinks
    await me.close()


@with_broker
async def test_a_cancelled_read_loses_no_token(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    tokens = me.tokens()
    await call.send(came())
    for n in range(1, 30):
        reading = asyncio.ensure_future(anext(tokens))
        await asyncio.sleep(0)
        await call.send(token(f"1-{n}", str(n)))
        await asyncio.sleep(0.001 if n % 2 else 0)
        reading.cancel()
        results = await asyncio.gather(reading, return_exceptions=True)
        event = results[0]
        if not isinstance(event, TokenEvent):
            event = await anext(tokens)
        assert event.data == str(n)
    await me.close()


@with_broker
async def test_peers_are_kept_correct_and_waited_for(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    waiting = asyncio.ensure_future(me.peer(lambda peer: peer.metadata.get("role") == "x"))
    await call.send(came(), metadata("1-1", {"role": "x"}))
    assert (await waiting).stream_name == "peer"
    assert me.peers[PEER_ID].metadata == {"role": "x"}
    with pytest.raises(AmsError) as bad:
        await me.peer(lambda peer: bool(peer.metadata["none"]))
    assert bad.value.code == "invalid_argument"
    await call.send(left())
    await answer_ping(me, call)
    assert dict(me.peers) == {}
    lost = asyncio.ensure_future(me.peer("never"))
    await asyncio.sleep(0)
    await call.close(4005, "conversation_closed")
    with pytest.raises(AmsError) as closed:
        await lost
    assert closed.value.code == "conversation_closed"


@with_broker
async def test_a_selection_makes_no_gap_of_what_is_not_selected(broker: FakeBroker) -> None:
    selection = {"subscribed_streams": [PEER_ID]}
    me, call = await join_quickly(broker, selection, subscribe_streams=[PEER_ID])
    assert call.query["subscribe_streams"] == PEER_ID
    events = me.events()
    await call.send(came(), came("other", OTHER_ID), left("4-7", OTHER_ID), left("1-0"))
    seen = [(await anext(events)).type for _ in range(4)]
    assert seen == ["joined", "stream_joined", "stream_joined", "stream_left"]
    await me.close()


@with_broker
async def test_a_listener_that_raises_does_not_end_the_connection(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    raised: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: raised.append(context["exception"]))
    heard: list[str] = []

    def listen(event: TokenEvent) -> None:
        heard.append(event.data)
        raise RuntimeError("mine")

    stop = me.on("token", listen)
    await call.send(came(), token("1-1", "a"), token("1-2", "b"))
    await answer_ping(me, call)
    stop()
    await call.send(token("1-3", "c"))
    await answer_ping(me, call)
    assert heard == ["a", "b"]
    assert len(raised) == 2
    await me.close()


@with_broker
async def test_own_stream_is_named_in_a_gap(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker, stream_name="ada")
    events = me.events()
    gap = {"type": "x_gap", "stream_id": OWN_ID, "after": None, "before": None, "reason": "new"}
    await call.send(gap)
    await anext(events)
    event = await anext(events)
    assert isinstance(event, GapEvent)
    assert event.stream_name == "ada"
    await me.close()
