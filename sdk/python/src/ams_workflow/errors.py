"""What an agent is refused by the service, and what it finds by itself."""

from __future__ import annotations

from typing import Any


class WorkflowError(Exception):
    """`code` is the service's, or `ambiguous_run`, `no_ready_step`, `ambiguous_step`, `fork`."""

    def __init__(self, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = details or {}
