"""An agent, for asyncio: it fills in and signs what a message has to prove, and performs tasks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlsplit

from ams_client import PeerIdentity, join
from ams_workflow.errors import WorkflowError
from ams_workflow.handlers import Frame, Handler, Handlers, Task
from ams_workflow.history import History, Seen
from ams_workflow.http import Http
from ams_workflow.keys import Key
from ams_workflow.message import new_id, signed

# Tries of a message that others came before, and seconds without a frame of the service.
_ATTEMPTS = 8
_LEASE_S = 5.0
_LOOK_S = 0.5
_AGAIN = {"stale", "branch_moved", "state_mismatch"}

H = TypeVar("H", bound=Handler)


@dataclass(frozen=True)
class Sent:
    """A message that was committed."""

    run: str
    msg: str
    seq: int


@dataclass(frozen=True)
class Body:
    """What somebody wrote: data, never an instruction."""

    value: Any
    untrusted: bool = True


class AsyncAgent:
    """One identity in one workflow conversation; `Agent` is the same without asyncio."""

    def __init__(self, link: str, credential: str, key: Key) -> None:
        """Use `connect`."""
        parts = urlsplit(link)
        self._link = link
        self._credential = credential
        self._key = key
        self._http = Http(f"{parts.scheme}://{parts.netloc}", credential)
        self._handlers = Handlers(self)
        self._halts: list[Callable[[Frame], None]] = []
        self._forks: list[Callable[[WorkflowError], None]] = []
        self._history: History | None = None
        self.did = key.did
        self.conversation_id = ""
        self.service_did = ""

    @classmethod
    async def connect(
        cls, link: str, *, credential: str, key: Key, history: str | Path | None = None
    ) -> AsyncAgent:
        """Shows the magic link, which makes the account a member.

        `history` is a file that keeps what was seen of the log, so that a fork is noticed by the
        next program too. Raises `WorkflowError`.
        """
        agent = cls(link, credential, key)
        opened = await agent._http.ask("POST", "", {"magic_link": link})
        agent.conversation_id = str(opened["conversation_id"])
        agent.service_did = str(opened["service"]["did"])
        agent._http.base += f"/{agent.conversation_id}"
        agent._history = History(agent._proof, None if history is None else Path(history))
        await agent._see(opened)
        return agent

    async def __aenter__(self) -> AsyncAgent:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stops what handlers do, and ends the connections to the service."""
        self._handlers.abort()
        await self._http.close()

    async def define(self, definition: dict[str, Any]) -> None:
        """Defines a workflow; the same definition again is fine."""
        path = f"/workflows/{definition['name']}/{definition['v']}"
        await self._http.ask("PUT", path, definition)

    async def start(self, workflow: str, *, roles: dict[str, list[str]] | None = None) -> str:
        """Starts a run, and returns its id."""
        body = {"workflow": workflow, "run": new_id("run"), "roles": roles or {}}
        return str((await self._http.ask("POST", "/runs", body))["run"])

    async def send(
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
        ident = run or await self._run_of(workflow)
        name = step or await self._ready_step(ident)
        draft = (ident, "step", op, message)
        return await self._commit(*draft, step=name, branch=branch, strict=strict)

    async def note(self, message: Any, *, run: str = "run_chat", branch: str | None = None) -> Sent:
        """Says something; it never touches a step."""
        return await self._commit(run, "note", "note", message, branch=branch)

    async def spawn(
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
        await self._commit(run, "spawn", "spawn", body, branch=branch)
        return f"{branch}/{child}"

    async def merge(self, branches: Sequence[str], *, run: str, branch: str = "main") -> Sent:
        """Closes branches that were spawned from one branch."""
        children = [name.rsplit("/", 1)[-1] for name in branches]
        return await self._commit(run, "merge", "merge", {"children": children}, branch=branch)

    async def compensated(
        self, run: str, step: str, *, ok: bool = True, message: Any = None
    ) -> Sent:
        """Says that a compensation is done, or failed."""
        op = "done" if ok else "fail"
        return await self._commit(run, "compensated", op, message or {}, step=step)

    async def rollback(self, *, run: str, to: str, reason: str = "", force: bool = False) -> Any:
        """Goes back to a message of the run's main branch."""
        body = {"to": to, "reason": reason, "force": force}
        return await self._http.ask("POST", f"/runs/{run}/rollback", body)

    async def stop(self, run: str | None = None) -> Any:
        """Stops a run, or the whole conversation. Nothing refuses it."""
        return await self._http.ask("POST", "/stop" if run is None else f"/runs/{run}/stop")

    async def state(self, run: str) -> Any:
        """The run as it is now."""
        return await self._http.ask("GET", f"/runs/{run}")

    async def dag(self, run: str) -> Any:
        """The graph of the run's messages."""
        return await self._http.ask("GET", f"/runs/{run}/dag")

    async def body(self, ident: str) -> Body:
        """The body of a message, marked as what it is: data of somebody else."""
        raw = await self._http.read(f"/messages/{ident}/body")
        try:
            return Body(json.loads(raw))
        except ValueError:
            return Body(raw)

    def on(self, step: str) -> Callable[[H], H]:
        """Decorates what performs a step whenever it is a task: start, the handler, done or fail.

        What it returns is the body of `done`. It is called while `serve` runs.
        """

        def take(handler: H) -> H:
            self._handlers.steps[step] = handler
            return handler

        return take

    def compensate(self, name: str) -> Callable[[H], H]:
        """Decorates what undoes the effect of steps that name this handler."""

        def take(handler: H) -> H:
            self._handlers.compensations[name] = handler
            return handler

        return take

    def on_halt(self, listener: Callable[[Frame], None]) -> None:
        """Calls the listener with each halt that concerns this agent, while `serve` runs."""
        self._halts.append(listener)

    def on_fork(self, listener: Callable[[WorkflowError], None]) -> None:
        """Calls the listener when the log is another one than was seen before."""
        self._forks.append(listener)

    async def serve(self) -> None:
        """Hears the service in the conversation, and has handlers perform tasks, until cancelled.

        Handlers are stopped by a halt, by a fork, and when the service is silent for 5 seconds.
        """
        metadata = {"workflow": 1, "did": self.did}
        identity = PeerIdentity(kind="agent", client="ams-workflow-client")
        link, credential = self._link, self._credential
        joining = join(
            link, credential=credential, stream_metadata=metadata, peer_identity=identity
        )
        async with joining as me:
            heard = time.monotonic()
            watch = asyncio.ensure_future(self._watch(lambda: heard))
            try:
                async for token in me.tokens():
                    peer = me.peers.get(token.stream_id)
                    own = {} if peer is None else peer.metadata
                    if own.get("edge") != "workflow" or own.get("did") != self.service_did:
                        continue
                    heard = time.monotonic()
                    self._hear(token.data)
            finally:
                watch.cancel()
                self._handlers.abort()

    async def perform(self, task: Task, op: str, message: Any) -> Sent:
        """For handlers: a message of the attempt."""
        draft = (task.run, "step", op, message)
        return await self._commit(*draft, step=task.step, branch=task.branch)

    async def _watch(self, heard: Callable[[], float]) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            if time.monotonic() - heard() > _LEASE_S:
                self._handlers.abort()

    def _hear(self, text: str) -> None:
        try:
            frame: Frame = json.loads(text)
        except ValueError:
            return
        if frame.get("t") == "halt" and frame.get("did") in (None, self.did):
            self._handlers.abort(frame.get("run"))
            for listener in self._halts:
                listener(frame)
        elif frame.get("t") in ("task", "compensate"):
            self._handlers.hear(frame)

    async def _commit(
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
        if self._history is not None and self._history.is_forked:
            raise WorkflowError("fork_detected", "The log is not the one seen before.")
        draft = (kind, op, message, step, branch, strict)
        for attempt in range(1, _ATTEMPTS + 1):
            state = await self.state(run)
            await self._see(state)
            given = signed(self._key, self.conversation_id, state, *draft)
            try:
                receipt = (await self._http.ask("POST", "/messages", given))["receipt"]
            except WorkflowError as error:
                if error.details.get("class") == "security":
                    self._forked(error)
                if strict or attempt == _ATTEMPTS or error.code not in _AGAIN:
                    raise
                continue
            await self._see(receipt)
            return Sent(run=run, msg=receipt["msg"], seq=receipt["seq"])
        raise AssertionError("the last attempt returns or raises")

    async def _see(self, seen: Any) -> None:
        if self._history is None:
            return
        try:
            await self._history.advance(Seen(int(seen["size"]), str(seen["root"])))
        except WorkflowError as error:
            if error.code == "fork_detected":
                self._forked(error)
            raise

    def _forked(self, error: WorkflowError) -> None:
        self._handlers.abort()
        for listener in self._forks:
            listener(error)

    async def _proof(self, first: int, last: int) -> Sequence[str]:
        path = f"/log/proof/consistency?from={first}&to={last}"
        return [str(one) for one in (await self._http.ask("GET", path))["proof"]]

    async def _run_of(self, workflow: str | None) -> str:
        if workflow is None:
            raise WorkflowError("ambiguous_run", "Say which workflow, or which run.")
        runs = (await self._http.ask("GET", "/runs?status=running&limit=1000"))["runs"]
        found = [run["run"] for run in runs if run["workflow"] == workflow]
        if len(found) > 1:
            raise WorkflowError("ambiguous_run", f"Several runs of {workflow} are open: say which.")
        return str(found[0]) if found else await self.start(workflow)

    async def _ready_step(self, run: str) -> str:
        tasks = (await self._http.ask("GET", f"/tasks?did={self.did}&limit=1000"))["tasks"]
        steps = [task["step"] for task in tasks if task["run"] == run]
        if not steps:
            raise WorkflowError("no_ready_step", "No step of the run is ready for this agent.")
        if len(steps) > 1:
            raise WorkflowError("ambiguous_step", f"Several steps are ready: {', '.join(steps)}.")
        return str(steps[0])
