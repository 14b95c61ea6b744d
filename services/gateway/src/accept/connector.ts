/** One connect after the other, from its request to a session or a refusal. */
import { DirectoryUnavailable } from "@ams/directory";
import { describeError, type Log } from "@ams/process";
import type { CloseReason } from "@ams/protocol";
import type { Hosting } from "../lifecycle/hosting.ts";
import type { Memory } from "../lifecycle/memory.ts";
import type { JoinOutcome } from "../metrics.ts";
import { type AdmitDeps, admit, type ConnectRequest } from "./admit.ts";
import { type AttachDeps, attach } from "./attach.ts";
import type { PendingConnect } from "./sockets.ts";

/**
 * Connects that may wait for their answer at a time; one more is refused and comes back. Each holds
 * a descriptor, a few KB, and a share of what `early.ts` allows them all.
 */
const PENDING_CONNECTS_MAX = 20_000;

export type ConnectorDeps = {
  readonly admitDeps: AdmitDeps;
  readonly attachDeps: AttachDeps;
  readonly memory: Memory;
  readonly log: Log;
  readonly isDraining: () => boolean;
  /** Null where nobody suspends accounts. */
  readonly hosting: () => Hosting | null;
};

export class Connector {
  readonly #deps: ConnectorDeps;
  #open = 0;

  constructor(deps: ConnectorDeps) {
    this.#deps = deps;
  }

  /** Whether one is under way. */
  isConnecting(): boolean {
    return this.#open > 0;
  }

  async connect(request: ConnectRequest, pending: PendingConnect): Promise<JoinOutcome> {
    const { memory, log } = this.#deps;
    if (this.#open >= PENDING_CONNECTS_MAX || memory.isFull()) {
      return refuse(pending, "internal_error");
    }
    this.#open += 1;
    try {
      return await this.#join(request, pending);
    } catch (error) {
      if (!(error instanceof DirectoryUnavailable)) {
        log.error({ event: "connect_failed", ...describeError(error) }, "connect failed");
      }
      return refuse(pending, "internal_error");
    } finally {
      this.#open -= 1;
    }
  }

  async #join(request: ConnectRequest, pending: PendingConnect): Promise<JoinOutcome> {
    const { admitDeps, attachDeps, isDraining, hosting } = this.#deps;
    const admitted = await admit(request, admitDeps);
    if (!admitted.ok) return refuse(pending, admitted.fault);
    if (isDraining()) return refuse(pending, "draining");
    const { accountId, admission } = admitted.value;
    const accounts = [accountId, admission.conversation.owner_account_id];
    if (hosting()?.isSuspended(...accounts)) return refuse(pending, "account_suspended");
    const outcome = await attach(admitted.value, pending, attachDeps);
    // It may have been suspended while it joined.
    if (hosting()?.isSuspended(...accounts)) hosting()?.endSuspended();
    return outcome;
  }
}

function refuse(pending: PendingConnect, reason: CloseReason): CloseReason {
  pending.refuse(reason);
  return reason;
}
