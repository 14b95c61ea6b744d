"""Sending: receipts, limits, pipes, and what becomes of them when the connection breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ams_client import END_OF_TURN_DATA, AmsError, Receipt, split_text
from fake_broker import TS, FakeBroker, join_quickly, with_broker


def receipt(seq: str) -> dict[str, str]:
    return {"type": "x_receipt", "seq": seq, "ts": TS}


async def code_of(waiting: asyncio.Future[object] | object) -> str:
    with pytest.raises(AmsError) as error:
        await waiting  # type: ignore[misc]
    return error.value.code


@with_broker
async def test_tokens_go_out_in_order_and_unchanged(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    texts = ["", "é\u2028\u0000", "a" * 65_536, "\ud800", '{"type":"ping"}']
    for text in texts:
        assert await me.send(text) is None
    assert [(await call.receive())["data"] for _ in texts] == texts
    await me.end_turn()
    assert (await call.receive())["data"] == END_OF_TURN_DATA
    await me.close()


@with_broker
async def test_a_receipt_is_the_answer_of_its_own_frame(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker, receipts=True)
    assert call.query["receipts"] == "true"
    sends = [asyncio.ensure_future(me.send(str(n))) for n in range(3)]
    await asyncio.sleep(0.02)
    assert not any(send.done() for send in sends)
    await call.send(receipt("1-1"), receipt("1-2"))
    assert await asyncio.gather(*sends[:2]) == [Receipt("1-1", TS), Receipt("1-2", TS)]
    call.cut()
    assert await code_of(sends[2]) == "delivery_unknown"
    await me.close()


@with_broker
async def test_what_waits_during_an_outage_goes_out_after_it_once(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    call.cut()
    await asyncio.sleep(0.05)
    waiting = asyncio.ensure_future(me.send("later"))
    withdrawn = asyncio.ensure_future(me.send("never"))
    await asyncio.sleep(0)
    withdrawn.cancel()
    again = await broker.call()
    await asyncio.sleep(0)
    await again.join()
    await waiting
    await me.send("after")
    assert [(await again.receive())["data"] for _ in range(2)] == ["later", "after"]
    await me.close()


@with_broker
async def test_bad_tokens_and_metadata_are_refused_and_nothing_is_sent(
    broker: FakeBroker,
) -> None:
    me, call = await join_quickly(broker)
    assert await code_of(me.send("é" * 32_769)) == "token_too_large"
    assert await code_of(me.send(7)) == "invalid_argument"  # type: ignore[arg-type]
    deep: dict[str, object] = {}
    for _ in range(80):
        deep = {"a": deep}
    bads: list[object] = [{"a": "x" * 16_384}, {"a": {1}}, {"a": float("nan")}, [], deep]
    for bad in bads:
        assert await code_of(me.set_metadata(bad)) == "invalid_metadata"  # type: ignore[arg-type]
    await me.send("ok")
    assert (await call.receive())["data"] == "ok"
    await me.close()


@with_broker
async def test_a_full_buffer_refuses_and_says_so(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker, send_buffer_bytes=100)
    call.cut()
    await asyncio.sleep(0.05)
    first = asyncio.ensure_future(me.send("x" * 200))  # What meets an empty buffer always fits.
    await asyncio.sleep(0)
    assert await code_of(me.send("y")) == "backpressure"
    await me.close()
    assert await code_of(first) == "closed"


@with_broker
async def test_metadata_comes_back_with_the_stream(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    large = {"a": "x" * 10_000}
    await me.set_metadata(large)
    assert (await call.receive())["metadata"] == large
    assert me.metadata == large
    call.cut()
    again = await broker.call()
    assert "stream_metadata" not in again.query  # Too large for an address.
    await again.join()
    assert (await again.receive())["metadata"] == large
    await me.close()


@with_broker
async def test_a_pipe_sends_what_it_picks_and_ends_the_turn(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)

    async def model() -> AsyncIterator[dict[str, str | None]]:
        for delta in ("a", None, "b"):
            yield {"delta": delta}

    piped = await me.pipe(model(), lambda chunk: chunk["delta"])
    assert (piped.tokens, piped.receipt) == (2, None)
    got = [(await call.receive())["data"] for _ in range(3)]
    assert got == ["a", "b", END_OF_TURN_DATA]
    assert (await me.pipe(["x"], end_turn=False)).tokens == 1
    await me.close()


@with_broker
async def test_a_pipe_that_fails_closes_its_source(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker, receipts=True)
    closed: list[str] = []

    async def source(fails: bool) -> AsyncIterator[str]:
        try:
            yield "a"
            if fails:
                raise RuntimeError("mine")
            await asyncio.sleep(60)
        finally:
            closed.append("closed")

    failing = asyncio.ensure_future(me.pipe(source(True)))
    await call.receive()
    with pytest.raises(AmsError) as failed:
        await failing
    assert failed.value.code == "source_failed"
    assert isinstance(failed.value.__cause__, RuntimeError)
    cancelled = asyncio.ensure_future(me.pipe(source(False)))
    await call.receive()
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    ended = asyncio.ensure_future(me.pipe(source(False)))
    await call.receive()
    await call.close(4005, "conversation_closed")
    assert await code_of(ended) == "conversation_closed"
    assert closed == ["closed"] * 3
    assert await code_of(me.pipe(7)) == "conversation_closed"  # type: ignore[arg-type]


@with_broker
async def test_a_pipe_with_receipts_waits_for_all_of_them(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker, receipts=True)
    piping = asyncio.ensure_future(me.pipe(["a", "b"], end_turn=False))
    for n in (1, 2):
        await call.receive()
        assert not piping.done()
        await call.send(receipt(f"1-{n}"))
    piped = await piping
    assert (piped.tokens, piped.receipt) == (2, Receipt("1-2", TS))
    assert await code_of(me.pipe("text")) == "invalid_argument"
    await me.close()


@with_broker
async def test_close_sends_what_waits_and_ends_in_good_order(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker, receipts=True)
    sending = asyncio.ensure_future(me.send("last"))
    closing = asyncio.ensure_future(me.close())
    assert (await call.receive())["data"] == "last"
    await call.send(receipt("1-1"))
    await asyncio.gather(sending, closing)
    await call.inner.wait_closed()
    assert call.inner.close_code == 1000
    assert await me.wait_closed() is None
    assert await code_of(me.send("x")) == "closed"
    await me.close()


def test_a_text_is_split_at_characters_and_loses_nothing() -> None:
    text = "€" * 30_000 + "a"
    tokens = split_text(text)
    assert "".join(tokens) == text
    assert [len(token) for token in tokens] == [21_845, 8_156]
    assert split_text("") == [""]
