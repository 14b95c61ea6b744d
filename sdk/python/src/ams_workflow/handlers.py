"""Handlers of steps and of compensations: each task once, cancelled when it has to stop."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ams_workflow.errors import WorkflowError

# Keys of tasks that were taken, so that a frame that comes twice is one task.
_TAKEN_MAX = 10_000

Frame = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """An attempt of a step, or of its compensation; `key` is the same for the same attempt.

    An `async` handler is cancelled when the task has to stop; any other looks at `stopped`.
    """

    run: str
    step: str
    attempt: int
    branch: str | None
    key: str
    stopped: threading.Event = field(default_factory=threading.Event, compare=False)


Handler = Callable[[Task], Any]


class Performer(Protocol):
    """What handlers need of an agent."""

    async def perform(self, task: Task, op: str, message: Any) -> Any:
        """Commits a message of the attempt."""

    async def compensated(
        self, run: str, step: str, *, ok: bool = True, message: Any = None
    ) -> Any:
        """Says that a compensation is done, or failed."""


class Handlers:
    """The handlers of one agent, and what they do now."""

    def __init__(self, agent: Performer) -> None:
        self._agent = agent
        self.steps: dict[str, Handler] = {}
        self.compensations: dict[str, Handler] = {}
        self._running: dict[str, tuple[Task, asyncio.Task[None]]] = {}
        self._taken: set[str] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a task is under way."""
        return bool(self._running)

    def hear(self, frame: Frame) -> None:
        """Takes a frame of the service: a task, or a compensation."""
        if frame["t"] == "task" and frame["step"] in self.steps:
            self._take(frame, self.steps[frame["step"]], self._perform)
        if frame["t"] == "compensate" and frame["handler"] in self.compensations:
            self._take(frame, self.compensations[frame["handler"]], self._compensate)

    def abort(self, run: str | None = None) -> None:
        """Stops what runs: of one run, or all."""
        for task, work in list(self._running.values()):
            if run is None or task.run == run:
                task.stopped.set()
                work.cancel()

    def _take(
        self, frame: Frame, handler: Handler, work: Callable[[Task, Handler], Awaitable[None]]
    ) -> None:
        key = str(frame["key"])
        if key in self._taken:
            return
        if len(self._taken) >= _TAKEN_MAX:
            self._taken.clear()
        self._taken.add(key)
        branch = frame.get("branch")
        task = Task(frame["run"], frame["step"], frame["attempt"], branch, key)

        async def guarded() -> None:
            try:
                await work(task, handler)
            except WorkflowError:
                # Another agent has taken the task, or it was stopped: neither is this one's to do.
                pass
            finally:
                self._running.pop(key, None)

        self._running[key] = (task, asyncio.ensure_future(guarded()))

    async def _perform(self, task: Task, handler: Handler) -> None:
        await self._agent.perform(task, "start", {})
        try:
            result = await _call(handler, task)
        except Exception as error:
            await self._agent.perform(task, "fail", {"reason": str(error)[:1_000]})
            return
        if not task.stopped.is_set():
            await self._agent.perform(task, "done", {} if result is None else result)

    async def _compensate(self, task: Task, handler: Handler) -> None:
        try:
            await _call(handler, task)
            ok = True
        except Exception:
            ok = False
        if not task.stopped.is_set():
            await self._agent.compensated(task.run, task.step, ok=ok)


async def _call(handler: Handler, task: Task) -> Any:
    if inspect.iscoroutinefunction(handler):
        return await handler(task)
    return await asyncio.to_thread(handler, task)
