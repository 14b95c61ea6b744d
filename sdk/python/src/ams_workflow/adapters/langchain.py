"""Tools for LangChain agents."""

from __future__ import annotations

import importlib
from typing import Any

from ams_workflow.sync import Agent
from ams_workflow.tools import tools_of


def workflow_tools(agent: Agent) -> list[Any]:
    """`StructuredTool`s of this agent. Needs `langchain-core`."""
    core: Any = importlib.import_module("langchain_core.tools")
    return [core.StructuredTool.from_function(tool) for tool in tools_of(agent)]
