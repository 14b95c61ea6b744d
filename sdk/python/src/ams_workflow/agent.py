"""An agent: it fills in and signs what a message has to prove."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httpx

from ams_workflow.canonical import ZEROS, fingerprint, sha256, tagged
from ams_workflow.errors import WorkflowError
from ams_workflow.keys import Key

# Tries of a message that others came before, and of a request without an answer.
_ATTEMPTS = 8
_REQUESTS = 4
_TIMEOUT_S = 15.0
_AGAIN = {"stale", "branch_moved", "state_mismatch"}
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Sent:
    """A message that was committed."""

    run: str
    msg: str
    seq: int


class Agent:
    """One identity in one workflow conversation, for one thread."""

    def __init__(self, http: httpx.Client, key: Key, opened: dict[str, Any]) -> None:
        self._http = http
        self._key = key
        self.did = key.did
        self.conversation_id = str(opened["conversation_id"])
        self._base = f"/workflow/v1/conversations/{self.conversation_id}"

    @classmethod
    def connect(cls, link: str, *, credential: str, key: Key) -> Agent:
        """Shows the magic link, which makes the account a member."""
        parts = urlsplit(link)
        http = httpx.Client(
            base_url=f"{parts.scheme}://{parts.netloc}",
            headers={"authorization": f"Bearer {credential}"},
            timeout=_TIMEOUT_S,
        )
        opened = _ask(http, "POST", "/workflow/v1/conversations", {"magic_link": link})
        return cls(http, key, opened)

    def define(self, definition: dict[str, Any]) -> None:
        """Defines a workflow; the same definition again is fine."""
        self._ask("PUT", f"/workflows/{definition['name']}/{definition['v']}", definition)

    def start(self, workflow: str, *, roles: dict[str, list[str]] | None = None) -> str:
        """Starts a run, and returns its id."""
        body = {"workflow": workflow, "run": "run_" + _ulid(), "roles": roles or {}}
        return str(self._ask("POST", "/runs", body)["run"])

    def send(
        self,
        message: Any,
        *,
        workflow: str | None = None,
        run: str | None = None,
        step: str | None = None,
        op: str = "done",
        branch: str | None = None,
        strict: bool = False,
    ) -> Sent:
        """Performs the step that is ready, of the one open run, which is started if need be."""
        ident = run or self._run_of(workflow)
        name = step or self._ready_step(ident)
        return self._commit(ident, "step", op, message, step=name, branch=branch, strict=strict)

    def note(self, message: Any, *, run: str = "run_chat", branch: str | None = None) -> Sent:
        """Says something; it never touches a step."""
        return self._commit(run, "note", "note", message, branch=branch)

    def spawn(
        self,
        child: str,
        *,
        run: str,
        branch: str = "main",
        agent: str | None = None,
        steps: Sequence[str] | None = None,
    ) -> str:
        """Opens a branch for a sub-agent, and returns its name."""
        body: dict[str, Any] = {"child": child}
        if agent is not None:
            body["agent"] = agent
        if steps is not None:
            body["steps"] = list(steps)
        self._commit(run, "spawn", "spawn", body, branch=branch)
        return f"{branch}/{child}"

    def merge(self, branches: Sequence[str], *, run: str, branch: str = "main") -> Sent:
        """Closes branches that were spawned from one branch."""
        children = [name.rsplit("/", 1)[-1] for name in branches]
        return self._commit(run, "merge", "merge", {"children": children}, branch=branch)

    def compensated(self, run: str, step: str, *, ok: bool = True, message: Any = None) -> Sent:
        """Says that a compensation is done, or failed."""
        op = "done" if ok else "fail"
        return self._commit(run, "compensated", op, message or {}, step=step)

    def rollback(self, *, run: str, to: str, reason: str = "", force: bool = False) -> Any:
        """Goes back to a message of the run's main branch."""
        body = {"to": to, "reason": reason, "force": force}
        return self._ask("POST", f"/runs/{run}/rollback", body)

    def stop(self, run: str | None = None) -> Any:
        """Stops a run, or the whole conversation. Nothing refuses it."""
        return self._ask("POST", "/stop" if run is None else f"/runs/{run}/stop")

    def state(self, run: str) -> Any:
        """The run as it is now."""
        return self._ask("GET", f"/runs/{run}")

    def dag(self, run: str) -> Any:
        """The graph of the run's messages."""
        return self._ask("GET", f"/runs/{run}/dag")

    def close(self) -> None:
        """Ends the connections to the service."""
        self._http.close()

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return _ask(self._http, method, self._base + path, body)

    def _commit(
        self,
        run: str,
        kind: str,
        op: str,
        message: Any,
        *,
        step: str = "",
        branch: str | None = None,
        strict: bool = False,
    ) -> Sent:
        for attempt in range(1, _ATTEMPTS + 1):
            state = self.state(run)
            given = self._sign(state, kind, op, message, step, branch, strict)
            try:
                receipt = self._ask("POST", "/messages", given)["receipt"]
                return Sent(run=run, msg=receipt["msg"], seq=receipt["seq"])
            except WorkflowError as error:
                if strict or attempt == _ATTEMPTS or error.code not in _AGAIN:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _sign(
        self,
        state: dict[str, Any],
        kind: str,
        op: str,
        message: Any,
        step: str,
        branch: str | None,
        strict: bool,
    ) -> dict[str, Any]:
        epoch = state["epoch"]
        name = branch or ("main" if epoch == 0 else f"main@{epoch}")
        own = state["branches"].get(name, {"tip": ZEROS, "next": 0})
        parents = [] if own["tip"] == ZEROS else [own["tip"]]
        if kind == "merge":
            tips = (state["branches"].get(f"{name}/{child}") for child in message["children"])
            parents += [tip["tip"] if tip else ZEROS for tip in tips]
        status, attempts = state["state_value"]["steps"].get(step, ["wait", 0])
        body = json.dumps(message, ensure_ascii=False, allow_nan=False).encode()
        size, root, prev = state["size"], state["root"], parents[0] if parents else ZEROS
        seen = {"size": size, "root": root, "prev": prev}
        args = (self.conversation_id, size, root, prev, self.did, state["state"])
        seen["fp"] = fingerprint(*args)
        if strict:
            seen["strict"] = True
        header = {
            "v": 1,
            "id": "msg_" + _ulid(),
            "conversation_id": self.conversation_id,
            "type": kind,
            "context_fingerprint": seen,
            "execution_path": {
                "branch": name,
                "node": f"{name}/{own['next']}",
                "parents": parents,
            },
            "agent_identity": {"did": self.did},
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
            "body": {
                "sha256": sha256(body).hex(),
                "size": len(body),
                "type": "application/json",
            },
            "ts": time.time_ns() // 1_000_000,
        }
        sig = self._key.sign(tagged("msg", header))
        return {"header": header, "sig": sig, "body": base64.b64encode(body).decode()}

    def _run_of(self, workflow: str | None) -> str:
        if workflow is None:
            raise WorkflowError("ambiguous_run", "Say which workflow, or which run.")
        runs = self._ask("GET", "/runs?status=running&limit=1000")["runs"]
        found = [run["run"] for run in runs if run["workflow"] == workflow]
        if len(found) > 1:
            raise WorkflowError("ambiguous_run", f"Several runs of {workflow} are open: say which.")
        return str(found[0]) if found else self.start(workflow)

    def _ready_step(self, run: str) -> str:
        tasks = self._ask("GET", f"/tasks?did={self.did}&limit=1000")["tasks"]
        steps = [task["step"] for task in tasks if task["run"] == run]
        if not steps:
            raise WorkflowError("no_ready_step", "No step of the run is ready for this agent.")
        if len(steps) > 1:
            raise WorkflowError("ambiguous_step", f"Several steps are ready: {', '.join(steps)}.")
        return str(steps[0])


def _ask(http: httpx.Client, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The same bytes again while no answer comes: every write here is safe to repeat."""
    content = None if body is None else _encoded(body)
    for attempt in range(1, _REQUESTS + 1):
        try:
            answer = http.request(method, path, content=content)
        except httpx.TransportError as error:
            if attempt == _REQUESTS:
                raise WorkflowError("unreachable", "The service does not answer.") from error
            time.sleep(0.2 * attempt)
            continue
        if answer.status_code == 503 and attempt < _REQUESTS:
            time.sleep(0.2 * attempt)
            continue
        value: dict[str, Any] = answer.json() if answer.content else {}
        if answer.is_success:
            return value
        code = str(value.get("error", "internal_error"))
        raise WorkflowError(code, str(value.get("message", "The service failed.")), value)
    raise AssertionError("the last attempt returns or raises")


def _encoded(body: Any) -> bytes:
    """JSON of a request; what is signed within it is signed as canonical JSON before."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def _ulid() -> str:
    number = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    return "".join(_BASE32[number >> shift & 31] for shift in range(125, -1, -5))
