"""Meshes from Python: sign intents, delegate, execute, attest, revoke, and check bundles offline.

Units of account are test units: entries of the operator's signed ledger, not money.
"""

from ams_mesh.canonical import canonical
from ams_mesh.client import Mesh, MeshError, Receipt
from ams_mesh.verify import BundleError, Verified, verify_bundle
from ams_workflow.keys import Key

__all__ = [
    "BundleError",
    "Key",
    "Mesh",
    "MeshError",
    "Receipt",
    "Verified",
    "canonical",
    "verify_bundle",
]
