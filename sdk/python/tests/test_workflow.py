"""Workflows: vectors of the header, and an order against a real deployment (AMS_TEST_URL)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from ams_client import create_account
from ams_workflow import Agent, Key, WorkflowError
from ams_workflow.canonical import canonical, fingerprint, sha256, tagged

URL = os.environ.get("AMS_TEST_URL", "")
ORDER = {
    "name": "order_processing",
    "v": 1,
    "steps": {
        "reserve": {"effect": "none"},
        "charge": {"after": ["reserve"], "effect": "compensatable", "compensate": "refund"},
        "ship": {"after": ["charge"], "effect": "irreversible"},
    },
}


def test_vectors_of_keys_hashes_and_fingerprints() -> None:
    key = Key(bytes(range(32)))
    assert key.did == "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"
    chat = {"name": "_chat", "steps": {}, "v": 0}
    expected = "8aafa3c747279ef7d4e67bb13d0c086d009449c21070c741c0060853056f11ee"
    assert sha256(tagged("def", chat)).hex() == expected
    assert canonical({"b": {"2": 1, "10": 2, "1": 3}, "é": "€\x0f\n"}).decode() == (
        '{"b":{"1":3,"10":2,"2":1},"é":"€\\u000f\\n"}'
    )
    root = "16da280b23a354641d56887b46994e29d23c3d5a58a7feb4e893e5c7d829f5e2"
    prev = "2664d8519661812cff709d8006b5b8ea9bb2a1cdc8e3213782e08e2515f69bdb"
    state = "e588bc2a78311691c73f8a5f17567c23797661e5c0f0470d478dc94065d31f04"
    conversation = "conv_01JTEST0000000000000000000"
    assert fingerprint(conversation, 2, root, prev, key.did, state) == (
        "6b37bd483ece68c876f1590cfeeddeceeb4809b733f06124df3d6fada912076a"
    )


def test_a_seed_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "agent.key"
    made = Key.from_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Key.from_file(path).did == made.did
    path.chmod(0o644)
    with pytest.raises(PermissionError):
        Key.from_file(path)


@pytest.mark.skipif(not URL, reason="AMS_TEST_URL names no deployment")
def test_an_order_step_by_step_with_a_remark_sub_agents_rollback_and_stop() -> None:
    async def mint() -> tuple[str, str]:
        account = await create_account(URL)
        return account.credential, (await account.mint()).magic_link

    credential, link = asyncio.run(mint())
    one, two = Key(b"\1" * 32), Key(b"\2" * 32)
    with (
        Agent.connect(link, credential=credential, key=one) as agent,
        Agent.connect(link, credential=credential, key=two) as other,
    ):
        agent.define(ORDER)
        sent = agent.send({"sku": 7}, workflow="order_processing")
        with pytest.raises(WorkflowError) as early:
            other.send({}, run=sent.run, step="ship")
        assert early.value.code == "step_order"
        other.note("and in blue, please", run=sent.run)
        fraud = agent.spawn("fraud", run=sent.run, agent=other.did)
        stock = agent.spawn("stock", run=sent.run)
        other.note({"fraud": False, "score": 0.25}, run=sent.run, branch=fraud)
        agent.merge([fraud, stock], run=sent.run)
        agent.send({"amount": 12.5}, workflow="order_processing")
        start = agent.dag(sent.run)["nodes"][0]["msg"]
        assert agent.rollback(run=sent.run, to=start)["status"] == "rolling_back"
        other.compensated(sent.run, "charge")
        while agent.state(sent.run)["epoch"] == 0:
            pass
        assert agent.state(sent.run)["ready"] == ["reserve"]
        assert agent.stop(sent.run)["accepted"]
        with pytest.raises(WorkflowError) as halted:
            agent.send({}, run=sent.run, step="reserve")
        assert halted.value.code == "halted"
