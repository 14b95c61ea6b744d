"""Messages: headers over what was seen of a run, signed."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any

from ams_workflow.canonical import ZEROS, fingerprint, sha256, tagged
from ams_workflow.http import encoded
from ams_workflow.keys import Key

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def signed(
    key: Key,
    conversation_id: str,
    state: dict[str, Any],
    kind: str,
    op: str,
    message: Any,
    step: str,
    branch: str | None,
    strict: bool,
) -> dict[str, Any]:
    """A message as `POST …/messages` takes it, over the run `state` as the service showed it."""
    epoch = state["epoch"]
    name = branch or ("main" if epoch == 0 else f"main@{epoch}")
    own = state["branches"].get(name, {"tip": ZEROS, "next": 0})
    parents = [] if own["tip"] == ZEROS else [own["tip"]]
    if kind == "merge":
        tips = (state["branches"].get(f"{name}/{child}") for child in message["children"])
        parents += [tip["tip"] if tip else ZEROS for tip in tips]
    status, attempts = state["state_value"]["steps"].get(step, ["wait", 0])
    body = encoded(message)
    size, root, prev = state["size"], state["root"], parents[0] if parents else ZEROS
    seen = {"size": size, "root": root, "prev": prev}
    seen["fp"] = fingerprint(conversation_id, size, root, prev, key.did, state["state"])
    if strict:
        seen["strict"] = True
    header = {
        "v": 1,
        "id": new_id("msg"),
        "conversation_id": conversation_id,
        "type": kind,
        "context_fingerprint": seen,
        "execution_path": {"branch": name, "node": f"{name}/{own['next']}", "parents": parents},
        "agent_identity": {"did": key.did},
        "workflow_state": {
            "workflow": state["workflow"],
            "version": state["version"],
            "def": state["def"],
            "run": state["run"],
            "epoch": epoch,
            "workflow_step": step,
            "op": op,
            "attempt": max(1, attempts + (status == "ready")) if step else 0,
            "state": state["state"],
        },
        "body": {"sha256": sha256(body).hex(), "size": len(body), "type": "application/json"},
        "ts": time.time_ns() // 1_000_000,
    }
    sig = key.sign(tagged("msg", header))
    return {"header": header, "sig": sig, "body": base64.b64encode(body).decode()}


def new_id(kind: str) -> str:
    """`<kind>_<ULID>`."""
    number = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    return f"{kind}_" + "".join(_BASE32[number >> shift & 31] for shift in range(125, -1, -5))
