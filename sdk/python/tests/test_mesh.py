"""Meshes: vectors, an escrow against a real deployment (AMS_TEST_URL), and its bundle offline."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ams_client import create_account
from ams_mesh import BundleError, Key, Mesh, MeshError, canonical, verify_bundle
from ams_mesh.canonical import parse_strict, sha256, tagged
from ams_mesh.keys import is_signed, key_of

URL = os.environ.get("AMS_TEST_URL", "")
SETTLE = {
    "rail": "amp-escrow",
    "amount": "50 USD",
    "milestones": [{"on": "draft_ready", "pct": 50}, {"on": "filed_confirmed", "pct": 50}],
}
TAX = {
    "from": "did:w7:alice",
    "id": "550e8400-e29b-41d4-a716-446655440000",
    "intent": {
        "action": "file_quarterly",
        "constraints": {"deadline": "2026-04-30", "jurisdiction": "IN"},
        "params": {"quarter": "2026-Q1"},
    },
    "kind": "intent",
    "nonce": 91823,
    "require": {"attestors": 3, "zkml": True},
    "settle": SETTLE,
    "to": "did:w7:skill/tax-filing",
    "ts": 1713513600,
    "v": 1,
}


def test_the_vector_of_an_envelope() -> None:
    signed = canonical(TAX)
    assert len(signed) == 444
    digest = "0c7b14cd43c20cbdcdf5feb110b4df9ef3adb12b2c8093472f9e0dd50ab13e70"
    assert sha256(signed).hex() == digest
    auth = Key(bytes(range(32))).sign(signed)
    assert auth.startswith("ed25519:666602e030daabbadbd631639b8d8f83")
    assert is_signed(key_of(Key(bytes(range(32))).did), signed, auth)


def test_the_vectors_of_terms_and_of_the_ledger() -> None:
    terms = {
        "action": "file_quarterly",
        "settle": {"amount": "50 USD", "rail": "amp-escrow"},
        "valid_until": 1713600000,
    }
    expected = "f6f7db0efd16f8997b4499709f23407dc3c2cbfd3372799cd3dd92b433b9b017"
    assert sha256(tagged("terms", terms)).hex() == expected
    deposit = {
        "at": 1713513600000,
        "postings": [
            {"account": "avail:did:w7:alice", "currency": "USD", "minor": 5000},
            {"account": "external:credits", "currency": "USD", "minor": -5000},
        ],
        "prev": "0" * 64,
        "reason": "deposit",
        "ref": "d-1",
        "tx": 0,
    }
    expected = "d0efad3dcf76784e65e074637f6577930ac21d37c3bffcc9edb92e6c50c56e2b"
    assert sha256(tagged("ledger", deposit)).hex() == expected


def test_canonical_json_writes_numbers_as_ecmascript_does() -> None:
    text = '{"b":{"2":1,"10":2,"1":3},"é":"\\u20ac\\u000f\\n","a":[1.50,2e-3,-0.0,true,null]}'
    assert canonical(parse_strict(text.encode())).decode() == (
        '{"a":[1.5,0.002,0,true,null],"b":{"1":3,"10":2,"2":1},"é":"€\\u000f\\n"}'
    )
    numbers = [1e-7, 1.5e-7, 123456.75, 0.000001, 4.35, 1e300, 5e-324, 100.0]
    expected = "[1e-7,1.5e-7,123456.75,0.000001,4.35,1e+300,5e-324,100]"
    assert canonical(numbers).decode() == expected
    for wrong in ('{"a":1,"a":2}', "9007199254740992", "NaN", "[" * 17 + "]" * 17):
        with pytest.raises(ValueError, match=r"duplicate|number|deep"):
            parse_strict(wrong.encode())


def test_weak_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="_key"):
        key_of("did:key:z6MkeTG3bFFSLYVU7VqhgZxqr6YzpaGrQtFMh1uvqGy1vDnP"[:-1])
    with pytest.raises(ValueError, match="_key"):
        key_of("did:web:example.org")


@pytest.mark.skipif(not URL, reason="AMS_TEST_URL names no deployment")
def test_an_escrow_with_three_attestors_and_its_bundle_offline(tmp_path: Path) -> None:
    async def account() -> tuple[str, str]:
        made = await create_account(URL)
        return made.credential, (await made.mint()).magic_link

    credential, link = asyncio.run(account())

    def member(name: str) -> Mesh:
        own = asyncio.run(account())[0] if name != "alice" else credential
        key = Key.from_file(tmp_path / f"{name}.key")
        return Mesh(link, own, key, tmp_path / f"{name}.nonce")

    alice, bob, *voters = (member(name) for name in ("alice", "bob", "v1", "v2", "v3"))
    alice.deposit(alice.did, "100 USD", "d-1")
    intent = alice.intent(bob.did, "file", settle=SETTLE, require={"attestors": 2, "zkml": True})
    asked = alice.delegate(intent.id, bob.did, [voter.did for voter in voters])
    delegation = asked.extra["delegation"]["id"]
    bob.execute(delegation, "accepted")
    outcome = bob.deliver(delegation, "draft_ready", {"pages": 3, "share": 0.25})
    voters[0].attest(outcome, "draft_ready", "pass")
    with pytest.raises(MeshError) as twice:
        voters[0].attest(outcome, "draft_ready", "pass")
    assert (twice.value.code, twice.value.status) == ("illegal_state", 409)
    voters[1].attest(outcome, "draft_ready", "fail")
    settled = voters[2].attest(outcome, "draft_ready", "pass").extra["settlement"]
    assert settled["payload"]["result"] == "released"
    assert bob.balance(f"avail:{bob.did}") == {"USD": 2500}
    alice.revoke(delegation)
    assert alice.balance(f"avail:{alice.did}") == {"USD": 7500}
    bundle = alice.bundle(intent.id)
    for mesh in (alice, bob, *voters):
        mesh.close()
    # From here on nothing is asked of the service.
    found = verify_bundle(bundle, alice.prime_key)
    assert (found.root, found.transactions) == (intent.id, 3)
    with pytest.raises(BundleError, match="another key"):
        verify_bundle(bundle, bob.did)
    for path, value in (
        (("transactions", 0, "postings", 0, "minor"), 1),
        (("envelopes", 2, "envelope", "payload", "agent"), alice.did),
        (("envelopes", 1, "receipt", "at"), 1),
        (("envelopes", 3, "proof"), []),
        (("decisions", 0, "decision", "result"), "deny"),
    ):
        changed = json.loads(bundle)
        at = changed
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        with pytest.raises(BundleError):
            verify_bundle(canonical(changed))
    invented = json.loads(bundle)
    body = {**invented["transactions"][0], "reason": "release", "tx": 99}
    del body["hash"]
    made_up = {**body, "hash": sha256(tagged("ledger", body)).hex()}
    invented["transactions"].append(made_up)
    invented["transaction_proofs"].append(invented["transaction_proofs"][0])
    with pytest.raises(BundleError, match="not in the log"):
        verify_bundle(canonical(invented))
    missing = json.loads(bundle)
    del missing["transactions"][1], missing["transaction_proofs"][1]
    with pytest.raises(BundleError, match="a transaction is missing"):
        verify_bundle(canonical(missing))
    file = tmp_path / "bundle.json"
    file.write_bytes(bundle)
    command = [sys.executable, "-m", "ams_mesh", "verify", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, "hold in a log of" in told.stdout) == (0, True)
    file.write_bytes(bundle.replace(b'"released"', b'"refunded"'))
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 1
