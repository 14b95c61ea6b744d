"""Workflows: history, the async agent with handlers, and adapters (AMS_TEST_URL)."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ams_client import create_account
from ams_workflow import Agent, AsyncAgent, Key, Task, WorkflowError
from ams_workflow.adapters.ag2 import register_workflow
from ams_workflow.adapters.langgraph import workflow_node
from ams_workflow.history import History, Seen, verify_consistency
from ams_workflow.tools import tools_of

URL = os.environ.get("AMS_TEST_URL", "")
needs_ams = pytest.mark.skipif(not URL, reason="AMS_TEST_URL names no deployment")
ORDER = {
    "name": "order_processing",
    "v": 1,
    "steps": {
        "reserve": {"effect": "none"},
        "charge": {"after": ["reserve"], "effect": "compensatable", "compensate": "refund"},
        "ship": {"after": ["charge"], "effect": "irreversible"},
    },
}
# P4.6: roots of 3 and 7 leaves, and the proof between them.
ROOT_3 = "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"
ROOT_7 = "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
PROOF = [
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e",
]


def test_consistency_is_proved_and_nothing_else_passes() -> None:
    assert verify_consistency(Seen(3, ROOT_3), Seen(7, ROOT_7), PROOF)
    assert not verify_consistency(Seen(3, ROOT_7), Seen(7, ROOT_7), PROOF)
    assert not verify_consistency(Seen(3, ROOT_3), Seen(7, ROOT_3), PROOF)
    for left_out in range(4):
        short = PROOF[:left_out] + PROOF[left_out + 1 :]
        assert not verify_consistency(Seen(3, ROOT_3), Seen(7, ROOT_7), short)
    assert not verify_consistency(Seen(3, ROOT_3), Seen(7, ROOT_7), [*PROOF, PROOF[0]])
    assert verify_consistency(Seen(3, ROOT_3), Seen(3, ROOT_3), [])
    assert not verify_consistency(Seen(3, ROOT_3), Seen(3, ROOT_7), [])


def test_a_fork_is_found_by_the_next_program_too(tmp_path: Path) -> None:
    async def fetch(first: int, last: int) -> list[str]:
        assert (first, last) == (3, 7)
        return PROOF

    async def act() -> None:
        path = tmp_path / "seen.json"
        await History(fetch, path).advance(Seen(3, ROOT_3))
        later = History(fetch, path)
        await later.advance(Seen(7, ROOT_7))
        await later.advance(Seen(3, ROOT_3))  # A late frame proves nothing new, and is fine.
        again = History(fetch, path)
        with pytest.raises(WorkflowError) as fork:
            await again.advance(Seen(7, ROOT_3))
        assert fork.value.code == "fork_detected"
        assert again.is_forked

    asyncio.run(act())


async def mint() -> tuple[str, str]:
    account = await create_account(URL)
    return account.credential, (await account.mint()).magic_link


async def until(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    """Waits for a condition, for 30 s at most."""
    for _ in range(1_500):
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to this")


@needs_ams
def test_handlers_perform_compensate_and_are_stopped() -> None:
    async def act() -> None:
        credential, link = await mint()
        one, two = Key(b"\1" * 32), Key(b"\2" * 32)
        done: list[str] = []
        stopped = threading.Event()
        async with (
            await AsyncAgent.connect(link, credential=credential, key=one) as worker,
            await AsyncAgent.connect(link, credential=credential, key=two) as boss,
        ):
            await boss.define(ORDER)

            @worker.on("reserve")
            async def reserve(task: Task) -> dict[str, bool]:
                done.append(task.step)
                return {"ok": True}

            @worker.on("charge")
            def charge(task: Task) -> None:
                done.append(f"{task.step} {len(task.key)}")

            @worker.compensate("refund")
            async def refund(task: Task) -> None:
                done.append(f"refund {task.attempt}")

            @worker.on("ship")
            async def ship(_task: Task) -> None:
                try:
                    await asyncio.sleep(60)
                finally:
                    stopped.set()

            async def is_shipping(ident: str) -> bool:
                return bool(
                    (await boss.state(ident))["state_value"]["steps"]["ship"][0] == "running"
                )

            halts: list[Any] = []
            worker.on_halt(halts.append)
            serving = asyncio.ensure_future(worker.serve())
            await asyncio.sleep(1)
            run = await boss.start("order_processing")
            await until(lambda: len(done) == 2)
            assert done == ["reserve", "charge 64"]
            await until(lambda: is_shipping(run))
            await boss.stop(run)
            await until(stopped.is_set)
            assert halts[0]["run"] == run
            # What somebody wrote is marked.
            sent = await boss.note("<b>hi</b>", run=run)
            nodes = (await boss.dag(run))["nodes"]
            ident = next(node["id"] for node in nodes if node["msg"] == sent.msg)
            body = await worker.body(ident)
            assert (body.value, body.untrusted) == ("<b>hi</b>", True)

            other = await boss.start("order_processing")
            await until(lambda: is_shipping(other))
            start = (await boss.dag(other))["nodes"][0]["msg"]
            await boss.rollback(run=other, to=start)
            await until(lambda: "refund 1" in done)
            serving.cancel()

    asyncio.run(act())


@needs_ams
def test_frameworks_call_it_by_plain_functions() -> None:
    credential, link = asyncio.run(mint())
    with Agent.connect(link, credential=credential, key=Key(b"\3" * 32)) as agent:
        agent.define(ORDER)
        send, state, stop = tools_of(agent)
        sent = json.loads(send('{"sku": 7}', "order_processing"))
        early = json.loads(send("now", "order_processing", "ship"))
        assert early["error"] == "step_order"
        node = workflow_node(agent, workflow="order_processing", step="charge")
        after = node({"amount": 12, "workflow": {"run": sent["run"]}})
        assert after["workflow"]["run"] == sent["run"]
        assert json.loads(state(sent["run"]))["ready"] == ["ship"]
        registered = _Ag2()
        register_workflow(agent, caller=registered, executor=registered)
        names = ["workflow_send", "workflow_state", "workflow_stop"]
        assert list(registered.functions) == names
        assert json.loads(registered.functions["workflow_stop"](sent["run"]))["accepted"]
        assert json.loads(stop())["noop"] is False
    with pytest.raises(WorkflowError):
        agent.state(sent["run"])


class _Ag2:
    """The two methods of AG2's `ConversableAgent` that the adapter calls."""

    def __init__(self) -> None:
        self.functions: dict[str, Any] = {}

    def register_for_llm(self, *, name: str, description: str) -> Callable[[Any], Any]:
        assert name
        assert description
        return lambda function: function

    def register_for_execution(self, *, name: str) -> Callable[[Any], Any]:
        def take(function: Any) -> Any:
            self.functions[name] = function
            return function

        return take
