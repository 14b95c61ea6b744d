"""An agent in a workflow of AMS: messages that are signed and prove what their sender had seen."""

from ams_workflow.agent import AsyncAgent, Body, Sent
from ams_workflow.errors import WorkflowError
from ams_workflow.handlers import Task
from ams_workflow.keys import Key
from ams_workflow.sync import Agent

__all__ = ["Agent", "AsyncAgent", "Body", "Key", "Sent", "Task", "WorkflowError"]
