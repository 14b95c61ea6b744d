"""Tools for AG2 (AutoGen) agents."""

from __future__ import annotations

from typing import Any

from ams_workflow.sync import Agent
from ams_workflow.tools import tools_of


def register_workflow(agent: Agent, *, caller: Any, executor: Any) -> None:
    """Registers the tools: `caller` may ask for them, and `executor` calls them."""
    for tool in tools_of(agent):
        described = caller.register_for_llm(name=tool.__name__, description=tool.__doc__)
        executor.register_for_execution(name=tool.__name__)(described(tool))
