"""One program with several streams: each joins when it first writes."""

from __future__ import annotations

import asyncio

import pytest

from ams_client import END_OF_TURN_DATA, AmsError, Streams, stream_name_of
from fake_broker import QUICK, Call, FakeBroker, with_broker


async def next_join(broker: FakeBroker) -> Call:
    call = await broker.call()
    await call.join()
    return call


@with_broker
async def test_each_name_is_a_stream_and_a_change_of_writer_ends_the_turn(
    broker: FakeBroker,
) -> None:
    async def work() -> None:
        async with Streams(broker.link, timing=QUICK) as team:
            for name, text in (("Planner", "a"), ("Planner", "b"), ("The Critic", "c")):
                await team.write(name, text)
            await team.write("Planner", "")

    working = asyncio.ensure_future(work())
    planner = await next_join(broker)
    assert planner.query["stream_name"] == "Planner"
    critic = await next_join(broker)
    assert critic.query["stream_name"] == "The-Critic"
    await working
    said = [(await planner.receive())["data"] for _ in range(3)]
    assert said == ["a", "b", END_OF_TURN_DATA]
    assert [(await critic.receive())["data"] for _ in range(2)] == ["c", END_OF_TURN_DATA]


@with_broker
async def test_two_callers_share_one_join_and_a_failed_join_is_tried_again(
    broker: FakeBroker,
) -> None:
    async with Streams(broker.link, timing=QUICK) as team:
        broker.refuse = (4003, "account_concurrency_limit")
        with pytest.raises(AmsError) as refused:
            await team.write("a", "x")
        assert refused.value.code == "account_concurrency_limit"
        broker.refuse = None
        both = asyncio.gather(team.stream("a"), team.stream("a"))
        await next_join(broker)
        one, other = await both
        assert one is other
    assert broker.calls.empty()


@with_broker
async def test_a_cancelled_first_write_and_a_failed_block_leave_nothing(broker: FakeBroker) -> None:
    async def work() -> None:
        async with Streams(broker.link, timing=QUICK) as team:
            waiting = asyncio.ensure_future(team.write("a", "x"))
            call = await broker.call()
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            await call.join()
            raise RuntimeError

    assert isinstance((await asyncio.gather(work(), return_exceptions=True))[0], RuntimeError)


def test_any_name_gives_a_stream_name() -> None:
    names = ["Travel Agent", "é", "", "--x--", "a" * 100, "ok.9_x"]
    assert [stream_name_of(name) for name in names] == [
        "Travel-Agent",
        "agent",
        "agent",
        "x",
        "a" * 63,
        "ok.9_x",
    ]
