"""A node of a LangGraph graph that performs a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ams_workflow.sync import Agent

State = Mapping[str, Any]


def workflow_node(
    agent: Agent,
    *,
    workflow: str,
    step: str | None = None,
    body: Callable[[State], Any] = dict,
) -> Callable[[State], dict[str, Any]]:
    """The node sends `body(state)`, and puts the run and the message under `workflow`.

    `graph.add_node("charge", workflow_node(agent, workflow="order_processing", step="charge"))`.
    A later node of the same graph goes on in the same run. Raises `WorkflowError`: a halt or a step
    out of order ends the graph.
    """

    def node(state: State) -> dict[str, Any]:
        before: Mapping[str, Any] = state.get("workflow") or {}
        run = before.get("run")
        content = {name: value for name, value in state.items() if name != "workflow"}
        sent = agent.send(body(content), workflow=workflow, run=run, step=step)
        return {"workflow": {"run": sent.run, "msg": sent.msg, "seq": sent.seq}}

    return node
