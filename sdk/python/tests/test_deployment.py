"""Against a real deployment, whose URL is in AMS_TEST_URL; and the examples of the README."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ams_client import (
    Account,
    AmsError,
    PeerIdentity,
    TokenEvent,
    create_account,
    inspect,
    join,
    offer,
    open_account,
)

URL = os.environ.get("AMS_TEST_URL", "")
README = Path(__file__).parent.parent / "README.md"
pytestmark = pytest.mark.skipif(not URL, reason="AMS_TEST_URL names no deployment")


def real(test: Callable[[Account], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        async def body() -> None:
            account = await create_account(URL)
            try:
                await asyncio.wait_for(test(account), 40)
            finally:
                await account.delete()

        asyncio.run(body())

    run.__name__ = getattr(test, "__name__", "test")
    return run


@real
async def test_accounts_conversations_and_links(account: Account) -> None:
    assert "guests" in (await offer(URL)).features
    again = await open_account(URL, credential=account.credential)
    assert again.account_id == account.account_id
    minted = await account.mint(alias="one", metadata={"n": [1, {"é": None}]}, max_joins=5)
    seen = await inspect(minted.magic_link)
    assert seen.metadata == {"n": [1, {"é": None}]}
    assert seen.link is not None
    assert (seen.link.read_only, seen.link.expires_at) == (False, None)
    assert (await account.inspect("one")).link is None
    with pytest.raises(AmsError) as taken:
        await account.mint(alias="one")
    assert (taken.value.code, taken.value.status) == ("alias_taken", 409)
    same = [await account.mint(canonical_input={"a": 1}) for _ in range(2)]
    assert same[0].conversation_id == same[1].conversation_id
    assert [c.alias async for c in account.list()] == ["one", same[0].alias]
    new_link = await account.new_link("one")
    with pytest.raises(AmsError) as revoked:
        await join(minted.magic_link)
    assert revoked.value.code == "invalid_magic_link"
    old = account.credential
    await account.rotate(grace_s=0)
    with pytest.raises(AmsError) as ended:
        await open_account(URL, credential=old)
    assert ended.value.code == "invalid_credential"
    await account.close("one")
    with pytest.raises(AmsError) as closed:
        await join(new_link)
    assert closed.value.code == "conversation_not_found"


@real
async def test_two_streams_hear_each_other_and_not_themselves(account: Account) -> None:
    link = (await account.mint()).magic_link
    identity = PeerIdentity("agent", model="m")
    ada = await join(
        link,
        credential=account.credential,
        stream_name="ada",
        peer_identity=identity,
        receipts=True,
    )
    bob = await join(link)
    heard, own = bob.tokens(of="ada"), ada.tokens()
    receipt = await ada.send("hello €\u0000😀")
    event = await anext(heard)
    assert receipt is not None
    assert (event.data, event.seq, event.ts) == (
        "hello €\u0000😀",
        receipt.seq,
        receipt.ts,
    )
    assert event.peer_identity == identity
    await bob.say("and you?")
    assert (await anext(own)).stream_name == bob.stream_name
    await ada.set_metadata({"mood": "x" * 9_000})
    assert (await bob.peer(lambda p: "mood" in p.metadata)).stream_name == "ada"
    assert await ada.ping() < 30
    other = await join(link, credential=account.credential, stream_name="ada")
    assert other.resumed
    error = await ada.wait_closed()
    assert error is not None
    assert error.code == "stream_displaced"
    for connection in (ada, bob, other):
        await connection.close()


@real
async def test_nothing_is_lost_or_reordered_at_full_speed(account: Account) -> None:
    link = (await account.mint()).magic_link
    count = 5_000
    async with join(link, stream_name="w") as writer, join(link) as reader:
        tokens = reader.tokens(of="w")

        async def read() -> list[str]:
            return [(await anext(tokens)).data for _ in range(count)]

        reading = asyncio.ensure_future(read())
        await writer.pipe((str(n) for n in range(count)), end_turn=False)
        assert await reading == [str(n) for n in range(count)]


@real
async def test_a_deleted_account_ends_its_connections(account: Account) -> None:
    second = await create_account(URL)
    link = (await second.mint()).magic_link
    me = await join(link, credential=second.credential)
    guest = await join(link)
    await second.delete()
    errors = [await me.wait_closed(), await guest.wait_closed()]
    assert {error.code if error else None for error in errors} <= {
        "invalid_credential",
        "conversation_closed",
    }
    assert TokenEvent.__doc__
    assert account.namespace != second.namespace


def examples() -> list[str]:
    """The Python blocks of the README."""
    return re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(examples())))
def test_an_example_of_the_readme_prints_what_it_says(number: int) -> None:
    source = examples()[number]
    says = [line[4:] for line in source.splitlines() if line.startswith("# > ")]
    program = source.replace("http://127.0.0.1:8080", URL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.splitlines(), done.stderr, done.returncode) == (says, "", 0)
    assert says
