/** Every script of the directory, for the client to know them by name. */
import type { Script } from "@ams/store";
import {
  checkCredential,
  deleteAccount,
  forgetCanonical,
  keepAccount,
  keepNamespace,
  list,
  listCredentials,
  markDeleted,
  registerCanonical,
  rotateCredential,
  setFields,
  writeAccount,
} from "./scripts/accounts.ts";
import { claim } from "./scripts/claim.ts";
import {
  admission,
  closeConversation,
  closeExpired,
  mint,
  removeClosed,
  replaceLinks,
  setSubscribersMax,
} from "./scripts/conversations.ts";
import { createOperatorKey, setSuspension } from "./scripts/hosting.ts";
import { createKey, recordEvent, revokeKey } from "./scripts/keys.ts";
import { endLease, heartbeat, takeLapsed } from "./scripts/leases.ts";
import { leave } from "./scripts/leave.ts";
import { createLink, revokeLink } from "./scripts/links.ts";
import {
  appendToOutbox,
  putWebhook,
  recordDeliveries,
  removeFromOutbox,
  removeWebhook,
  reportLimit,
  setOptedIn,
} from "./scripts/outbox.ts";
import { confirmPeppers } from "./scripts/peppers.ts";
import { setPlan } from "./scripts/plans.ts";
import { keepSlot, release, reserve } from "./scripts/quota-slots.ts";
import { reclaim } from "./scripts/reclaim.ts";
import { setStreamMetadata } from "./scripts/set-stream-metadata.ts";
import { snapshot } from "./scripts/snapshot.ts";
import { handIn } from "./scripts/usage.ts";

export const SCRIPTS: readonly Script[] = [
  writeAccount,
  keepAccount,
  keepNamespace,
  checkCredential,
  rotateCredential,
  setFields,
  deleteAccount,
  list,
  listCredentials,
  createKey,
  createOperatorKey,
  setSuspension,
  revokeKey,
  recordEvent,
  markDeleted,
  registerCanonical,
  forgetCanonical,
  claim,
  mint,
  admission,
  replaceLinks,
  createLink,
  revokeLink,
  closeConversation,
  closeExpired,
  removeClosed,
  setSubscribersMax,
  heartbeat,
  takeLapsed,
  endLease,
  leave,
  reserve,
  keepSlot,
  release,
  reclaim,
  setStreamMetadata,
  snapshot,
  confirmPeppers,
  removeFromOutbox,
  appendToOutbox,
  reportLimit,
  setOptedIn,
  putWebhook,
  removeWebhook,
  recordDeliveries,
  setPlan,
  handIn,
];
