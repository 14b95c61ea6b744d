"""Tools for AG2 agents, and for AutoGen agents of before AG2 1.0."""

from __future__ import annotations

import importlib
from typing import Any

from ams_workflow.sync import Agent
from ams_workflow.tools import tools_of


def workflow_tools(agent: Agent) -> list[Any]:
    """Tools of this agent, for `Agent(…, tools=…)` of AG2. Needs `ag2` 1.0 or later."""
    module: Any = importlib.import_module("ag2.tools")
    return [module.tool(function) for function in tools_of(agent)]


def register_workflow(agent: Agent, *, caller: Any, executor: Any) -> None:
    """Registers the tools with two `ConversableAgent`s: one asks, the other calls."""
    for tool in tools_of(agent):
        described = caller.register_for_llm(name=tool.__name__, description=tool.__doc__)
        executor.register_for_execution(name=tool.__name__)(described(tool))
