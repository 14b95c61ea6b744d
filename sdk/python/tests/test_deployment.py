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
    sync,
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
async def test_keys_are_made_listed_and_revoked(account: Account) -> None:
    made = await account.create_key("reporter", scopes=["read", "join"], expires_in_s=60)
    assert (made.name, made.scopes) == ("reporter", ("join", "read"))
    assert made.expires_at is not None
    assert made.credential not in repr(made)
    reporter = await open_account(URL, credential=made.credential)
    with pytest.raises(AmsError) as refused:
        await reporter.mint()
    assert refused.value.code == "insufficient_scope"
    (listed,) = await account.list_keys()
    assert (listed.key_id, listed.name) == (made.key_id, "reporter")
    assert listed.last_used_at is not None
    await account.revoke_key(made.key_id)
    assert await account.list_keys() == ()
    with pytest.raises(AmsError) as gone:
        await account.revoke_key(made.key_id)
    assert gone.value.code == "not_found"
    with pytest.raises(AmsError) as ended:
        await open_account(URL, credential=made.credential)
    assert ended.value.code == "invalid_credential"


@real
async def test_limited_links_are_made_listed_and_revoked(account: Account) -> None:
    await account.mint(alias="one")
    made = await account.create_link("one", name="audience", read_only=True, max_joins=2)
    assert (made.name, made.read_only, made.max_joins) == ("audience", True, 2)
    assert made.magic_link not in repr(made)
    async with join(made.magic_link) as guest:
        assert guest.stream_name
    listed = {link.link_id: link for link in await account.links("one")}
    assert len(listed) == 2
    assert (listed[made.link_id].name, listed[made.link_id].joins) == ("audience", 1)
    await account.revoke_link("one", made.link_id)
    assert [link.name for link in await account.links("one")] == [None]
    with pytest.raises(AmsError) as revoked:
        await join(made.magic_link)
    assert revoked.value.code == "invalid_magic_link"


@real
async def test_usage_is_shown_by_the_hour(account: Account) -> None:
    link = (await account.mint()).magic_link
    async with join(link, credential=account.credential, receipts=True) as me:
        await me.say("hello")
        used = await account.usage(hours=2)
        while sum(hour.tokens_in for hour in used) == 0:
            await asyncio.sleep(0.1)
            used = await account.usage(hours=2)
    assert used[-1].bytes_in >= len("hello")
    with pytest.raises(AmsError) as wrong:
        await account.usage(hours=841)
    assert wrong.value.code == "invalid_limit"


def test_the_synchronous_account_has_the_same() -> None:
    account = sync.create_account(URL)
    key = account.create_key("one", scopes=["full"])
    assert [listed.name for listed in account.list_keys()] == ["one"]
    account.revoke_key(key.key_id)
    alias = account.mint().alias
    made = account.create_link(alias, name="second")
    account.revoke_link(alias, made.link_id)
    assert [link.name for link in account.links(alias)] == [None]
    assert account.usage(hours=1) is not None
    account.delete()


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
