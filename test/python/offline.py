"""Runs a program that reaches only this machine: `python offline.py PROGRAM`.

Every other address ends it with its name, so that a test proves that nothing needs the network.
"""

import ipaddress
import os
import runpy
import sys
from pathlib import Path

LOCAL_NAMES = {"localhost", "", None}


def is_local(host: object) -> bool:
    """Whether this is an address of this machine."""
    text = host.decode() if isinstance(host, bytes) else host
    if text in LOCAL_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(text)).is_loopback
    except ValueError:
        return False


def refuse(event: str, args: tuple[object, ...]) -> None:
    """End the process, as a library may swallow an exception."""
    host: object = None
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    if not is_local(host):
        print(f"it wants to reach {host!r}", file=sys.stderr, flush=True)
        os._exit(97)


sys.addaudithook(refuse)
sys.argv = sys.argv[1:]
sys.path.insert(0, str(Path(sys.argv[0]).parent))
runpy.run_path(sys.argv[0], run_name="__main__")
