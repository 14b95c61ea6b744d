"""An agent in a workflow of AMS: messages that are signed and prove what their sender had seen."""

from ams_workflow.agent import Agent, Sent
from ams_workflow.errors import WorkflowError
from ams_workflow.keys import Key

__all__ = ["Agent", "Key", "Sent", "WorkflowError"]
