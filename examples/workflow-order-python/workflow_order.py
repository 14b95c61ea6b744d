"""An order as a workflow of several agents, in Python: the same as examples/workflow-order."""

import asyncio
import os
import secrets
import sys
from collections.abc import Callable
from typing import Any

from ams_client import AmsError, create_account
from ams_workflow import Agent, Key, WorkflowError

URL = os.environ.get("AMS_URL", "http://127.0.0.1:8080")
ORDER = {
    "name": "order_processing",
    "v": 1,
    "steps": {
        "reserve": {"effect": "none"},
        "charge": {"after": ["reserve"], "effect": "compensatable", "compensate": "refund"},
        "ship": {"after": ["charge"], "effect": "irreversible"},
    },
}


async def mint() -> tuple[str, str]:
    account = await create_account(URL)
    return account.credential, (await account.mint()).magic_link


def refused(what: str, act: Callable[[], Any]) -> None:
    """Prints why it is refused; a program of yours decides by `code`."""
    try:
        act()
    except WorkflowError as error:
        print(f"{what}: {error.code}")
    else:
        print(f"{what}: not refused?")


def main() -> None:
    credential, link = asyncio.run(mint())
    # Each agent has a key of its own, which the service never has. Yours keeps it in a file:
    # Key.from_file("agent.key").
    shop, stock, fraud = (
        Agent.connect(link, credential=credential, key=Key(secrets.token_bytes(32)))
        for _ in range(3)
    )
    shop.define(ORDER)

    # One line performs the step that is ready, and starts a run where there is none.
    run = shop.send({"sku": 7}, workflow="order_processing").run
    print("reserved")

    # A person says something in between: the task goes on where it was.
    stock.note("and in blue, please", run=run)
    refused("shipped too early", lambda: shop.send({}, run=run, step="ship"))

    # Two sub-agents work on branches of their own, and are merged.
    checks = [
        shop.spawn("fraud", run=run, agent=fraud.did),
        shop.spawn("stock", run=run, agent=stock.did),
    ]
    fraud.note({"fraud": False}, run=run, branch=checks[0])
    stock.note({"shelf": 3}, run=run, branch=checks[1])
    shop.merge(checks, run=run)
    print("merged what two sub-agents found")

    shop.send({"amount": 12}, workflow="order_processing")
    print("charged")

    # Back to the start: the charge is compensated, then all is as before.
    start = shop.dag(run)["nodes"][0]["msg"]
    plan = shop.rollback(run=run, to=start, reason="the customer changed their mind")["plan"]
    for task in plan:
        stock.compensated(run, task["step"])
        print(f"refunded {task['step']}")
    while shop.state(run)["epoch"] == 0:
        pass
    print(f"rolled back, ready: {', '.join(shop.state(run)['ready'])}")

    # Anybody can stop it, and nothing of the workflow can refuse that.
    fraud.stop(run)
    refused("went on after a stop", lambda: shop.send({}, run=run, step="reserve"))
    for agent in (shop, stock, fraud):
        agent.close()


try:
    main()
except (AmsError, WorkflowError) as error:
    sys.exit(str(error))
