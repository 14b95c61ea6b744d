/**
 * What the document says: where this page reaches the deployment, its own origin and the path below
 * which it is served; and what the conversation keeps.
 */
import { baseOf } from "../model/address.ts";

export const BASE = baseOf(new URL(location.href));

/** Seconds for which the conversation keeps messages, where the document knows; else 0. */
export const REPLAY_S = Number(document.documentElement.dataset.replay ?? 0) || 0;
