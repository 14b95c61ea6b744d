"""Checks a bundle with the service away: signatures, receipts, log, transactions, decisions."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from ams_mesh.canonical import canonical, parse_strict, sha256, tagged
from ams_mesh.keys import is_signed, key_of

_PRIME = "did:w7:prime/main"
_ENVELOPES_MAX = 10_000


class BundleError(Exception):
    """The first thing that is wrong, in one sentence."""


@dataclass(frozen=True)
class Verified:
    """What was checked."""

    mesh: str
    root: str
    envelopes: int
    transactions: int
    log_size: int


@dataclass(frozen=True)
class _Log:
    size: int
    root: bytes


def verify_bundle(data: bytes, prime_key: str | None = None) -> Verified:
    """Raises BundleError.

    `prime_key` is the did:key that the reader knows the mesh by; without it, the bundle's own is
    taken, and then it only shows that the bundle fits together.
    """
    try:
        bundle = parse_strict(data)
        return _check(bundle, prime_key)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BundleError(f"the bundle is not one: {error!r}") from error


def _check(bundle: dict[str, Any], prime_key: str | None) -> Verified:
    _require(bundle["v"] == 1, "the bundle is not of version 1")
    prime_did = bundle["prime"]["key"]
    _require(prime_key in (None, prime_did), "the mesh has another key")
    prime = key_of(prime_did)
    log = _read_checkpoint(bundle["checkpoint"], prime)
    keys = _keys_of(bundle["documents"])
    keys[_PRIME] = [prime]
    envelopes = bundle["envelopes"]
    _require(len(envelopes) <= _ENVELOPES_MAX, "the bundle has too many envelopes")
    seen: set[str] = set()
    for item in envelopes:
        _check_envelope(item, bundle["mesh"], keys, seen, log)
        receipt = tagged("receipt", item["receipt"])
        name = item["envelope"]["id"]
        _require(is_signed(prime, receipt, item["sig"]), f"{name}: the receipt is not signed")
    _require(bundle["root"] in seen, "the root is missing")
    transactions = bundle["transactions"]
    for transaction, proved in zip(transactions, bundle["transaction_proofs"], strict=True):
        _check_transaction(transaction, proved, log)
    hashes = {transaction["hash"] for transaction in transactions}
    for item in envelopes:
        _check_settlement(item["envelope"], hashes)
    for item in bundle["decisions"]:
        decision = tagged("policy", item["decision"])
        _require(is_signed(prime, decision, item["sig"]), "a decision is not signed")
    return Verified(
        bundle["mesh"], bundle["root"], len(envelopes), len(bundle["transactions"]), log.size
    )


def _require(holds: bool, fault: str) -> None:
    if not holds:
        raise BundleError(fault)


def _keys_of(documents: list[dict[str, Any]]) -> dict[str, list[bytes]]:
    keys: dict[str, list[bytes]] = {}
    for document in documents:
        did = document["id"]
        for method in document["verificationMethod"]:
            key = key_of(method["publicKeyMultibase"])
            # A did:key is its own document, whatever the bundle says.
            own = key_of(did) if did.startswith("did:key:") else key
            _require(own == key, f"{did} has another key")
            keys.setdefault(did, []).append(key)
    return keys


def _check_envelope(
    item: dict[str, Any],
    mesh: str,
    keys: dict[str, list[bytes]],
    seen: set[str],
    log: _Log,
) -> None:
    envelope, receipt = item["envelope"], item["receipt"]
    name = envelope["id"]
    signed = canonical({key: value for key, value in envelope.items() if key != "auth"})
    known = keys.get(envelope["from"], [])
    holds = any(is_signed(key, signed, envelope["auth"]) for key in known)
    _require(holds, f"{name}: the signature does not hold")
    parent = envelope.get("parent")
    _require(parent is None or parent in seen, f"{name}: the parent is missing")
    seen.add(name)
    digest = sha256(signed)
    fits = receipt["id"] == name and receipt["digest"] == digest.hex() and receipt["mesh"] == mesh
    _require(fits and receipt["seq"] == item["seq"], f"{name}: another receipt")
    leaf = sha256(b"\x00", b"env\x00", digest)
    _require(leaf.hex() == item["leaf"], f"{name}: another leaf")
    proof = [bytes.fromhex(step) for step in item["proof"]]
    _require(_is_included(item["seq"], leaf, proof, log), f"{name}: not in the log")


def _is_included(index: int, leaf: bytes, proof: list[bytes], log: _Log) -> bool:
    """RFC 9162, 2.1.3.2."""
    if not 0 <= index < log.size or len(proof) > 64:
        return False
    first, last, value = index, log.size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if first % 2 == 1 or first == last:
            value = sha256(b"\x01", step, value)
            while first % 2 == 0 and first != 0:
                first, last = first // 2, last // 2
        else:
            value = sha256(b"\x01", value, step)
        first, last = first // 2, last // 2
    return last == 0 and value == log.root


def _read_checkpoint(note: str, key: bytes) -> _Log:
    """C2SP: a text of three lines, an empty one, then lines of signatures."""
    text, _, lines = note.partition("\n\n")
    origin, size, root = text.split("\n")[:3]
    body = f"{text}\n".encode()
    key_id = sha256(f"{origin}\n".encode(), b"\x01", key)[:4]
    for line in lines.splitlines():
        dash, name, encoded = line.split(" ")
        data = base64.b64decode(encoded, validate=True)
        is_own = dash == "—" and name == origin and data[:4] == key_id
        if is_own and is_signed(key, body, data[4:].hex()):
            return _Log(int(size), base64.b64decode(root, validate=True))
    raise BundleError("the checkpoint is not signed")


def _check_settlement(envelope: dict[str, Any], hashes: set[str]) -> None:
    """What Prime says that it moved is there."""
    if envelope["from"] == _PRIME and envelope["kind"] == "outcome":
        for moved in envelope["payload"].get("transactions", []):
            _require(moved["hash"] in hashes, f"{envelope['id']}: a transaction is missing")


def _check_transaction(transaction: dict[str, Any], proved: dict[str, Any], log: _Log) -> None:
    body = {key: value for key, value in transaction.items() if key != "hash"}
    name = f"transaction {body['tx']}"
    _require(sha256(tagged("ledger", body)).hex() == transaction["hash"], f"{name}: another hash")
    sums: dict[str, int] = {}
    for posting in body["postings"]:
        sums[posting["currency"]] = sums.get(posting["currency"], 0) + posting["minor"]
    _require(not any(sums.values()), f"{name}: does not sum to zero")
    leaf = sha256(b"\x00", b"led\x00", bytes.fromhex(transaction["hash"]))
    proof = [bytes.fromhex(step) for step in proved["proof"]]
    _require(_is_included(proved["seq"], leaf, proof, log), f"{name}: not in the log")
