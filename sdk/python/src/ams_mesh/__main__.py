"""`python -m ams_mesh verify bundle.json [--key did:key:…]`: exit 1 and what is wrong."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ams_mesh.verify import BundleError, verify_bundle


def main() -> int:
    """Returns the status."""
    parser = argparse.ArgumentParser(prog="ams_mesh")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="check a bundle with the service away")
    verify.add_argument("bundle", type=Path)
    verify.add_argument("--key", help="the did:key that the mesh is known by")
    given = parser.parse_args()
    try:
        found = verify_bundle(given.bundle.read_bytes(), given.key)
    except BundleError as fault:
        print(fault, file=sys.stderr)
        return 1
    counts = f"{found.envelopes} envelopes and {found.transactions} transactions"
    print(f"{counts} of {found.root} hold in a log of {found.log_size}.")
    return 0


sys.exit(main())
