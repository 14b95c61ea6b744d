"""Makes the helpers beside the tests importable, and reports each test as a line of JSON."""

import json
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One line per test: its id, how it went, and why it failed."""
    path = os.environ.get("AMS_TEST_REPORT")
    if path is None or (report.when != "call" and report.outcome == "passed"):
        return
    line = {"id": report.nodeid, "outcome": report.outcome, "why": report.longreprtext}
    with Path(path).open("a") as file:
        file.write(json.dumps(line) + "\n")
