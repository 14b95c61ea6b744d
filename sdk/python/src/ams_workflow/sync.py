"""The agent without asyncio: its methods block, its event loop has a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from ams_workflow.agent import AsyncAgent, Body, H, Sent
from ams_workflow.errors import WorkflowError
from ams_workflow.handlers import Frame
from ams_workflow.keys import Key

T = TypeVar("T")


class _Loop:
    """An event loop in a daemon thread, until `stop`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if self._loop.is_closed():
            work.close()
            raise WorkflowError("closed", "The agent was closed.")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        future = self.start(work)
        try:
            return future.result()
        except CancelledError:
            raise WorkflowError("closed", "The agent was closed.") from None
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        self.call(_cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class Agent:
    """One identity in one workflow conversation; see `AsyncAgent` for what each method does."""

    def __init__(self, loop: _Loop, inner: AsyncAgent) -> None:
        """Use `connect`."""
        self._loop = loop
        self._inner = inner
        self.did = inner.did
        self.conversation_id = inner.conversation_id
        self.service_did = inner.service_did

    @classmethod
    def connect(
        cls, link: str, *, credential: str, key: Key, history: str | Path | None = None
    ) -> Agent:
        """Shows the magic link, which makes the account a member. Raises `WorkflowError`."""
        loop = _Loop()
        try:
            opening = AsyncAgent.connect(link, credential=credential, key=key, history=history)
            return cls(loop, loop.call(opening))
        except BaseException:
            loop.stop()
            raise

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops what handlers do, and ends connections and thread. Again is fine."""
        try:
            self._loop.call(self._inner.close())
        except WorkflowError:
            return
        self._loop.stop()

    def define(self, definition: dict[str, Any]) -> None:
        """Defines a workflow; the same definition again is fine."""
        self._loop.call(self._inner.define(definition))

    def start(self, workflow: str, *, roles: dict[str, list[str]] | None = None) -> str:
        """Starts a run, and returns its id."""
        return self._loop.call(self._inner.start(workflow, roles=roles))

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
        inner = self._inner
        return self._loop.call(
            inner.send(
                message, workflow=workflow, run=run, step=step, op=op, branch=branch, strict=strict
            )
        )

    def note(self, message: Any, *, run: str = "run_chat", branch: str | None = None) -> Sent:
        """Says something; it never touches a step."""
        return self._loop.call(self._inner.note(message, run=run, branch=branch))

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
        inner = self._inner
        return self._loop.call(inner.spawn(child, run=run, branch=branch, agent=agent, steps=steps))

    def merge(self, branches: Sequence[str], *, run: str, branch: str = "main") -> Sent:
        """Closes branches that were spawned from one branch."""
        return self._loop.call(self._inner.merge(branches, run=run, branch=branch))

    def compensated(self, run: str, step: str, *, ok: bool = True, message: Any = None) -> Sent:
        """Says that a compensation is done, or failed."""
        return self._loop.call(self._inner.compensated(run, step, ok=ok, message=message))

    def rollback(self, *, run: str, to: str, reason: str = "", force: bool = False) -> Any:
        """Goes back to a message of the run's main branch."""
        return self._loop.call(self._inner.rollback(run=run, to=to, reason=reason, force=force))

    def stop(self, run: str | None = None) -> Any:
        """Stops a run, or the whole conversation. Nothing refuses it."""
        return self._loop.call(self._inner.stop(run))

    def state(self, run: str) -> Any:
        """The run as it is now."""
        return self._loop.call(self._inner.state(run))

    def dag(self, run: str) -> Any:
        """The graph of the run's messages."""
        return self._loop.call(self._inner.dag(run))

    def body(self, ident: str) -> Body:
        """The body of a message, marked as what it is: data of somebody else."""
        return self._loop.call(self._inner.body(ident))

    def on(self, step: str) -> Callable[[H], H]:
        """Decorates what performs a step whenever it is a task, while `serve` runs."""
        return self._inner.on(step)

    def compensate(self, name: str) -> Callable[[H], H]:
        """Decorates what undoes the effect of steps that name this handler."""
        return self._inner.compensate(name)

    def on_halt(self, listener: Callable[[Frame], None]) -> None:
        """Calls the listener, in another thread, with each halt that concerns this agent."""
        self._inner.on_halt(listener)

    def on_fork(self, listener: Callable[[WorkflowError], None]) -> None:
        """Calls the listener, in another thread, when the log is not the one seen before."""
        self._inner.on_fork(listener)

    def serve(self, *, background: bool = False) -> None:
        """Has handlers perform tasks: until Ctrl-C, or beside the program until `close`."""
        if background:
            self._loop.start(self._inner.serve())
        else:
            self._loop.call(self._inner.serve())
