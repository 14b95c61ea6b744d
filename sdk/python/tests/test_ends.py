"""Ends that nobody plans: a fork, a loop that closes first, garbage, the synchronous client."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from ams_client import AmsError, join, sync
from fake_broker import QUICK, FakeBroker, join_quickly, with_broker

HERE = Path(__file__).parent


@with_broker
async def test_a_forked_child_is_refused_and_its_parent_goes_on(broker: FakeBroker) -> None:
    me, call = await join_quickly(broker)
    child = os.fork()
    if child == 0:
        try:
            me.tokens()
        except AmsError as error:
            os._exit(0 if error.code == "closed" else 2)
        os._exit(3)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert status == 0
    await me.send("still")
    assert (await call.receive())["data"] == "still"
    await me.close()


def run_alone(body: str) -> str:
    """Run a program in an interpreter that reports every warning; returns its stderr."""
    program = "import sys; sys.path.insert(0, sys.argv[1])\n" + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program, str(HERE)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stderr if done.returncode == 0 else f"{done.returncode}: {done.stderr}"


def test_a_program_that_ends_without_closing_is_quiet() -> None:
    assert (
        run_alone(
            """
            import asyncio
            from fake_broker import FakeBroker, join_quickly, came, token
            async def main():
                broker = FakeBroker()
                await broker.__aenter__()
                me, call = await join_quickly(broker)
                tokens = me.tokens()
                reading = asyncio.ensure_future(anext(tokens))
                reading.add_done_callback(lambda task: task.cancelled() or task.exception())
                await call.send(came(), token("1-1", "a"))
                sending = [asyncio.ensure_future(me.send("x")) for _ in range(3)]
                await asyncio.gather(*sending)
                await broker.__aexit__()
            asyncio.run(main())
            """
        )
        == ""
    )


def test_a_loop_that_closes_first_is_quiet() -> None:
    assert (
        run_alone(
            """
            import asyncio, gc
            from fake_broker import FakeBroker, join_quickly
            async def main():
                broker = FakeBroker()
                await broker.__aenter__()
                me, call = await join_quickly(broker)
                broker._server.close(close_connections=False)
                return me
            asyncio.run(main())
            gc.collect()
            """
        )
        == ""
    )


def test_importing_the_package_is_cheap() -> None:
    """Not timed: the large dependencies are only loaded by the first call that needs them."""
    body = "import ams_client, sys; assert not {'httpx', 'websockets'} & set(sys.modules)"
    assert run_alone(body) == ""


def test_an_error_survives_pickling() -> None:
    error = AmsError("rate_limited", "Slower.", status=429, retry_after_s=2)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, copy.status, copy.retry_after_s, str(copy)) == (
        "rate_limited",
        429,
        2,
        "Slower.",
    )


def test_the_synchronous_client_blocks_and_leaves_no_thread() -> None:
    ready = threading.Event()
    link: list[str] = []

    async def broker_side() -> None:
        async with FakeBroker() as broker:
            link.append(broker.link)
            ready.set()
            call = await broker.call()
            await call.join()
            frames = [await call.receive() for _ in range(3)]
            assert [frame["data"] for frame in frames[:2]] == ["a", "b"]
            peer = {"stream_id": "str_" + "1" * 26, "stream_name": "peer"}
            rest = {"owner_account_id": "acc_1", "ts": "t"}
            await call.send({"type": "stream_joined", **peer, **rest, "metadata": {}})
            await call.send({"type": "token", **peer, **rest, "seq": "1-1", "data": "hi"})
            await call.send({"type": "stream_left", **peer, **rest})
            await call.inner.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(broker_side()))
    thread.start()
    ready.wait(10)
    with sync.join(link[0], timing=QUICK) as me:
        text = me.text("peer")
        assert me.pipe(iter(["a", "b"])).tokens == 2
        assert text.read() == "hi"
        with pytest.raises(AmsError) as error:
            me.pipe(1 / n for n in (0,))
        assert error.value.code == "source_failed"
    with pytest.raises(AmsError) as closed:
        me.send("x")
    assert closed.value.code == "closed"
    me.close()
    thread.join(10)
    assert [t.name for t in threading.enumerate() if t.name == "ams-client"] == []


def test_the_synchronous_client_raises_what_the_other_one_raises() -> None:
    with pytest.raises(AmsError) as error:
        sync.join("nope")
    assert error.value.code == "invalid_link"
    with pytest.raises(AmsError):
        sync.create_account("nope")

    async def within() -> None:
        with pytest.raises(AmsError) as inside:
            sync.offer("http://127.0.0.1:9")  # Also where a loop is running.
        assert inside.value.code == "unreachable"

    asyncio.run(within())
    assert [t.name for t in threading.enumerate() if t.name == "ams-client"] == []


def test_a_magic_link_is_in_no_representation() -> None:
    token = "s" * 43
    joining = join(f"http://h/ns/conversations/al?t={token}")
    assert token not in repr(joining)
