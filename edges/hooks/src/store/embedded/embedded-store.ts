/** The queue in one LMDB file, for the one process that has it. */
import { type Outcome, openSortedFile, type SortedFile, StoreUnavailable } from "@ams/store";
import type { Job, Store } from "../store.ts";

/** Milliseconds between two sweeps of what has expired. */
const SWEEP_MS = 60_000;

/** A folder that can't be used, or a damaged file, is a fault in one sentence. */
export function openEmbeddedStore(path: string, now: () => number): Outcome<Store, string> {
  const opened = openSortedFile(path, "hooks");
  return opened.ok ? { ok: true, value: storeOn(opened.value, now) } : opened;
}

function storeOn(file: SortedFile, now: () => number): Store {
  const timer = setInterval(() => file.sweep(now()), SWEEP_MS);
  timer.unref();
  const step = stepsOf(file);
  const setNext = (endpoint: string) => {
    const [first] = file.range(`due ${endpoint}`, 0, Number.MAX_SAFE_INTEGER, 1);
    const at = first === undefined ? null : file.score(`due ${endpoint}`, first);
    if (at === null) file.removeMember("endpoints", endpoint);
    else file.add("endpoints", endpoint, at);
  };
  const finish = ({ id, endpoint, value }: Job, nextMs: number | null) => {
    const isKnown = file.get(`job ${id}`, now()) !== null;
    if (isKnown) file.replace(`job ${id}`, value);
    if (nextMs === null || !isKnown) file.removeMember(`due ${endpoint}`, id);
    else file.add(`due ${endpoint}`, id, nextMs);
    setNext(endpoint);
  };
  return {
    kind: "embedded",
    ping: () => step(() => undefined),
    add: ({ id, endpoint, value }, nowMs, keepMs) =>
      step(() => {
        if (file.get(`job ${id}`, nowMs) !== null) return;
        file.set(`job ${id}`, value, nowMs + keepMs);
        file.add(`due ${endpoint}`, id, nowMs);
        setNext(endpoint);
      }),
    dueEndpoints: (nowMs, limit) => step(() => file.range("endpoints", 0, nowMs, limit)),
    claim: (endpoint, { nowMs, leaseMs, busyMs }, limit) =>
      step(() => {
        if (limit === 0) {
          if (file.score("endpoints", endpoint) !== null) {
            file.add("endpoints", endpoint, nowMs + busyMs);
          }
          return [];
        }
        const claimed: { readonly id: string; readonly value: string }[] = [];
        for (const id of file.range(`due ${endpoint}`, 0, nowMs, limit)) {
          const value = file.get(`job ${id}`, nowMs);
          if (value === null) file.removeMember(`due ${endpoint}`, id);
          else {
            file.add(`due ${endpoint}`, id, nowMs + leaseMs);
            claimed.push({ id, value });
          }
        }
        setNext(endpoint);
        return claimed;
      }),
    finish: (job, nextMs) => step(() => finish(job, nextMs)),
    valueOf: (id) => step(() => file.get(`job ${id}`, now())),
    again: (job, nowMs) => step(() => finish(job, nowMs)),
    drop: (endpoint) =>
      step(() => {
        for (const id of file.range(`due ${endpoint}`, 0, Number.MAX_SAFE_INTEGER, DROP_MAX)) {
          file.removeMember(`due ${endpoint}`, id);
        }
        setNext(endpoint);
      }),
    ...keptIn(file, now, step),
    close: async () => {
      clearInterval(timer);
      await file.close();
    },
  };
}

type Step = <Result>(action: () => Result) => Promise<Result>;

function stepsOf(file: SortedFile): Step {
  return async (action) => {
    try {
      return file.step(action);
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown";
      throw new StoreUnavailable(`The file of the queue does not answer: ${reason}`);
    }
  };
}

function keptIn(
  file: SortedFile,
  now: () => number,
  step: Step,
): Pick<Store, "write" | "read" | "lease" | "setMember" | "members"> {
  return {
    write: (name, value, ttlMs) =>
      step(() => {
        if (value === null) file.delete(`kept ${name}`);
        else file.set(`kept ${name}`, value, ttlMs === undefined ? 0 : now() + ttlMs);
      }),
    read: (name) => step(() => file.get(`kept ${name}`, now())),
    lease: (name, holder, ttlMs) =>
      step(() => {
        const held = file.get(`kept ${name}`, now());
        if (held !== null && held !== holder) return false;
        file.set(`kept ${name}`, holder, now() + ttlMs);
        return true;
      }),
    setMember: (set, member, value) =>
      step(() => {
        file.removeMember(`set ${set}`, member);
        file.delete(`member ${set} ${member}`);
        if (value === null) return;
        file.add(`set ${set}`, member, 0);
        file.set(`member ${set} ${member}`, value);
      }),
    members: (set) =>
      step(() =>
        file
          .range(`set ${set}`, 0, 0, MEMBERS_MAX)
          .map((member) => [member, file.get(`member ${set} ${member}`, now()) ?? ""] as const),
      ),
  };
}

/** Jobs of one webhook that are dropped at once; the rest at the next look. */
const DROP_MAX = 10_000;

/** Members of a set that are read. */
const MEMBERS_MAX = 100_000;
