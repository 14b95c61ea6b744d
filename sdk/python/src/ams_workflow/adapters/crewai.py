"""Tools for CrewAI agents."""

from __future__ import annotations

import importlib
from typing import Any

from ams_workflow.sync import Agent
from ams_workflow.tools import tools_of


def workflow_tools(agent: Agent) -> list[Any]:
    """Tools of this agent, for `Agent(tools=…)` of CrewAI. Needs `crewai`."""
    module: Any = importlib.import_module("crewai.tools")
    return [module.tool(function.__name__)(function) for function in tools_of(agent)]
