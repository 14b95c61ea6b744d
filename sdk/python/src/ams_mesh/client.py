"""A principal, an agent or an attestor in a mesh, over HTTP."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from ams_mesh.canonical import canonical, sha256, tagged
from ams_mesh.keys import is_signed, key_of
from ams_workflow.keys import Key

_PRIME = "did:w7:prime/main"
_TRIES = 5
_TIMEOUT_S = 30.0


class MeshError(Exception):
    """The service refused it: `code`, `status`, and whether the same bytes may be sent again."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{error.get('error')}: {error.get('message')}")
        self.code = str(error.get("error", "internal_error"))
        self.status = status
        self.retryable = bool(error.get("retryable", False))
        self.error = error


@dataclass(frozen=True)
class Receipt:
    """What the service signed of an envelope, and what its verb added."""

    id: str
    digest: str
    seq: int
    extra: dict[str, Any] = field(default_factory=dict[str, Any])


class Mesh:
    """Opens the mesh of a magic link. The nonce of the key is kept in a file beside it."""

    def __init__(self, link: str, credential: str, key: Key, nonce_file: str | Path) -> None:
        parts = urlsplit(link)
        self._http = httpx.Client(
            base_url=f"{parts.scheme}://{parts.netloc}/mesh/v1",
            headers={"authorization": f"Bearer {credential}"},
            timeout=_TIMEOUT_S,
        )
        self._key = key
        self._nonce_file = Path(nonce_file)
        opened = self._ask("POST", "/meshes", {"magic_link": link})
        self.id: str = opened["mesh"]
        self.prime_key: str = opened["prime"]["key"]
        self.owner: bool = opened["owner"]

    def __enter__(self) -> Mesh:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._http.close()

    @property
    def did(self) -> str:
        """The identity that signs."""
        return self._key.did

    def get(self, path: str) -> Any:
        """A read below the mesh, such as `/delegations/<id>`."""
        return self._ask("GET", f"/meshes/{self.id}{path}")

    def intent(self, to: str, action: str, **members: Any) -> Receipt:
        """States an intent. Members: `params`, `constraints`, `settle`, `require`."""
        constraints = {"mesh": self.id, **members.pop("constraints", {})}
        intent: dict[str, Any] = {"action": action, "constraints": constraints}
        if "params" in members:
            intent["params"] = members.pop("params")
        return self.send({"kind": "intent", "to": to, "intent": intent, **members})

    def delegate(self, intent: str, agent: str, attestors: list[str] | None = None) -> Receipt:
        """Asks Prime to delegate an intent; `extra["delegation"]` is Prime's envelope."""
        params: dict[str, Any] = {"agent": agent}
        if attestors:
            params["attestors"] = attestors
        return self._control("intent", intent, "delegate", params=params)

    def execute(self, parent: str, stage: str, milestone: str | None = None) -> Receipt:
        """Reports a stage: accepted, declined, started, progress, result."""
        payload = {"stage": stage} | ({"milestone": milestone} if milestone else {})
        members = {"kind": "inference", "to": _PRIME, "parent": parent, "payload": payload}
        return self.send(members)

    def deliver(self, delegation: str, milestone: str, result: Any = None) -> Receipt:
        """Result and outcome of a milestone."""
        inference = self.execute(delegation, "result", milestone)
        payload = {"milestone": milestone} | ({} if result is None else {"result": result})
        members = {"kind": "outcome", "to": _PRIME, "parent": inference.id, "payload": payload}
        return self.send(members)

    def attest(self, outcome: Receipt, milestone: str, verdict: str) -> Receipt:
        """Votes pass, fail or abstain; `extra["settlement"]` where that decided."""
        payload = {"attests": outcome.id, "digest": f"sha256:{outcome.digest}"}
        payload |= {"milestone": milestone, "verdict": verdict}
        return self._control("outcome", outcome.id, "attest", payload=payload)

    def revoke(self, delegation: str, reason: str = "no_fault") -> Receipt:
        """Revokes a delegation and all that hangs below it."""
        payload = {"revokes": delegation, "reason": reason}
        return self._control("delegation", delegation, "revoke", payload=payload)

    def bundle(self, root: str) -> bytes:
        """Everything that checks a piece of work offline, for `verify_bundle`."""
        return canonical(self.get(f"/aig/{root}/bundle"))

    def balance(self, account: str) -> dict[str, int]:
        """Minor units by currency, such as of `avail:<did>`."""
        balances: dict[str, int] = self.get(f"/ledger/accounts/{quote(account, safe='')}")[
            "balances"
        ]
        return balances

    def deposit(self, to: str, amount: str, ref: str) -> None:
        """Test units from outside: the owner of the mesh alone."""
        body = {"to": to, "amount": amount, "ref": ref}
        self._ask("POST", f"/meshes/{self.id}/ledger/deposits", body)

    def send(self, members: dict[str, Any]) -> Receipt:
        """Signs an envelope and hands it in; after silence the same bytes are sent again."""
        envelope = {"v": 1, "id": str(uuid.uuid4()), "from": self.did, "ts": int(time.time())}
        envelope |= {"nonce": self._next_nonce(), **members}
        signed = canonical(envelope)
        digest = sha256(signed).hex()
        envelope["auth"] = self._key.sign(signed)
        answer = self._ask("POST", f"/meshes/{self.id}/envelopes", envelope)
        receipt = answer.pop("receipt")
        given = tagged("receipt", receipt)
        if not is_signed(key_of(self.prime_key), given, answer.pop("sig")):
            raise MeshError(500, {"error": "bad_signature", "message": "the receipt is forged"})
        if receipt["id"] != envelope["id"] or receipt["digest"] != digest:
            raise MeshError(500, {"error": "bad_signature", "message": "another receipt"})
        return Receipt(receipt["id"], receipt["digest"], receipt["seq"], answer)

    def _control(self, kind: str, parent: str, verb: str, **members: Any) -> Receipt:
        intent: dict[str, Any] = {"action": f"amp/{verb}"}
        if "params" in members:
            intent["params"] = members.pop("params")
        body = {"kind": kind, "to": _PRIME, "parent": parent, "intent": intent, **members}
        return self.send(body)

    def _next_nonce(self) -> int:
        """Written before it is used: a crash skips one, and never uses one twice."""
        known = int(self._nonce_file.read_text()) if self._nonce_file.exists() else 0
        draft = self._nonce_file.with_suffix(".new")
        draft.write_text(str(known + 1))
        draft.replace(self._nonce_file)
        return known + 1

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else canonical(body)
        for left in range(_TRIES - 1, -1, -1):
            try:
                answer = self._http.request(method, path, content=content)
            except httpx.TransportError:
                if left == 0:
                    raise
                time.sleep(0.2)
                continue
            if answer.status_code < 400:
                return answer.json()
            error = MeshError(answer.status_code, answer.json())
            if left == 0 or error.status not in (429, 503):
                raise error
            time.sleep(0.2)
        raise AssertionError("unreachable")
