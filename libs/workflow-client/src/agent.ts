/**
 * An agent in a workflow conversation. It fills in and signs what a message has to prove, performs
 * tasks that it has handlers for, and stops when it is asked to, or when the service falls silent.
 */
import {
  canonicalBytes,
  type Signer,
  signerFromSeed,
  toBase64,
  writeSignature,
} from "@ams/provenance";
import { buildHeader, type MessageType, signedBytes, ZEROS } from "@ams/workflow-rules";
import { monotonicFactory } from "ulid";
import { baseOf } from "./base.ts";
import { WorkflowError } from "./errors.ts";
import { type Frames, openFrames } from "./frames.ts";
import { History, type HistoryStore } from "./history.ts";
import { Http, type Json, messagesOf, numberAt, textAt } from "./http.ts";
import { type RunState, readRun } from "./run-state.ts";
import { type Handler, Handlers, type HandlerTask } from "./tasks.ts";
import { type Verified, verifyLog } from "./verify.ts";

const ulid = monotonicFactory();

/** Tries of a message that others came before; each is signed anew over what is new. */
const ATTEMPTS = 8;
/** What is tried again over newer history, unless the sender asked to be strict. */
const AGAIN: ReadonlySet<string> = new Set(["stale", "branch_moved", "state_mismatch"]);

export type ConnectOptions = {
  readonly link: string;
  readonly credential: string;
  /** A seed of 32 bytes, or whatever signs. */
  readonly key: Uint8Array | Signer;
  /** Keeps what was seen of the log. */
  readonly history?: HistoryStore;
  /** Base URL of the deployment; the link's own unless given. */
  readonly url?: string;
  /** False for who only writes: no handler is called then, and no halt is heard. */
  readonly listen?: boolean;
};

export type SendOptions = {
  readonly workflow?: string;
  readonly run?: string;
  readonly step?: string;
  readonly op?: string;
  readonly branch?: string;
  readonly strict?: boolean;
};

export type Sent = { readonly run: string; readonly msg: string; readonly seq: number };

type Draft = {
  readonly type: MessageType;
  readonly op: string;
  readonly step: string;
  readonly branch: string | null;
  readonly body: unknown;
  readonly strict: boolean;
  readonly parents?: (run: RunState, branch: string) => readonly string[];
};

export class Agent {
  readonly did: string;
  readonly conversationId: string;
  readonly serviceDid: string;
  /** Requests below the conversation's address at the service. */
  readonly http: Http;
  readonly #signer: Signer;
  readonly #history: History;
  readonly #handlers: Handlers;
  #frames: Frames | null = null;
  readonly #onHalt = new Set<(frame: Json) => void>();
  readonly #onFork = new Set<(error: WorkflowError) => void>();

  private constructor(http: Http, signer: Signer, history: History, opened: Json) {
    this.http = http;
    this.#signer = signer;
    this.#history = history;
    this.did = signer.did;
    this.conversationId = textAt(opened, "conversation_id");
    const service: unknown = opened.service;
    this.serviceDid = String(Object(service).did ?? "");
    this.#handlers = new Handlers(this);
  }

  static async connect(options: ConnectOptions): Promise<Agent> {
    const { link, credential, key, history: store = null } = options;
    const signer = key instanceof Uint8Array ? signerFromSeed(key) : key;
    const base = `${options.url ?? baseOf(link)}/workflow/v1/conversations`;
    const opened = await new Http(base, credential).ask("POST", "", { magic_link: link });
    const http = new Http(`${base}/${textAt(opened, "conversation_id")}`, credential);
    const history = new History(http, store);
    await history.open();
    const agent = new Agent(http, signer, history, opened);
    await agent.#see({ size: numberAt(opened, "size"), root: textAt(opened, "root") });
    if (options.listen === false) return agent;
    agent.#frames = await openFrames({
      link,
      credential,
      did: agent.serviceDid,
      agent: signer.did,
      isNeeded: () => agent.#handlers.isBusy,
      onSilence: () =>
        agent.#handlers.abort(new WorkflowError("lease_lost", "The service is silent.")),
    });
    agent.#frames.listen((frame) => agent.#hear(frame));
    return agent;
  }

  /** Defines a workflow; the same definition again is fine. */
  async define(definition: Json): Promise<void> {
    const path = `/workflows/${textAt(definition, "name")}/${numberAt(definition, "v")}`;
    await this.http.ask("PUT", path, definition);
  }

  async start(workflow: string, options: { roles?: Json; input?: unknown } = {}): Promise<string> {
    const run = `run_${ulid()}`;
    const started = await this.http.ask("POST", "/runs", { workflow, run, ...options });
    return textAt(started, "run");
  }

  /**
   * Performs the step that is ready, of the one open run of the workflow, which is started where
   * there is none. With a `step`, or without a workflow in a given run, it is that one.
   */
  async send(message: unknown, options: SendOptions = {}): Promise<Sent> {
    const id = options.run ?? (await this.#runOf(options.workflow));
    const { op = "done", strict = false, branch = null } = options;
    const step = options.step ?? (await this.#readyStep(id));
    return await this.#commit(id, { type: "step", op, step, branch, body: message, strict });
  }

  /** Says something in a run, or in the conversation; it never touches a step. */
  async note(message: unknown, options: { run?: string; branch?: string } = {}): Promise<Sent> {
    const draft = { type: "note", op: "note", step: "", body: message, strict: false } as const;
    return await this.#commit(options.run ?? "run_chat", {
      ...draft,
      branch: options.branch ?? null,
    });
  }

  /** Opens a branch for a sub-agent; what it says there links back by itself. */
  async spawn(
    child: string,
    options: {
      run: string;
      branch?: string;
      agent?: string;
      steps?: readonly string[];
      deadlineMs?: number;
    },
  ): Promise<string> {
    const { run, branch = "main", agent, steps, deadlineMs } = options;
    const body = {
      child,
      ...(agent === undefined ? {} : { agent }),
      ...(steps === undefined ? {} : { steps }),
      ...(deadlineMs === undefined ? {} : { deadline_ms: deadlineMs }),
    };
    await this.#commit(run, { type: "spawn", op: "spawn", step: "", branch, body, strict: false });
    return `${branch}/${child}`;
  }

  /** Closes branches that were spawned from one branch. */
  async merge(
    branches: readonly string[],
    options: { run: string; branch?: string },
  ): Promise<Sent> {
    const { run, branch = "main" } = options;
    const children = branches.map((name) => name.split("/").at(-1) ?? "");
    return await this.#commit(run, {
      type: "merge",
      op: "merge",
      step: "",
      branch,
      body: { children },
      strict: false,
      parents: ({ branches: open }, own) =>
        children.map((child) => open.get(`${own}/${child}`)?.tip ?? ZEROS),
    });
  }

  /** Says that a compensation is done, or failed. */
  async compensated(run: string, step: string, ok: boolean, body: unknown = {}): Promise<Sent> {
    const op = ok ? "done" : "fail";
    return await this.#commit(run, {
      type: "compensated",
      op,
      step,
      branch: null,
      body,
      strict: false,
    });
  }

  async rollback(options: {
    run: string;
    to: string;
    reason?: string;
    force?: boolean;
  }): Promise<Json> {
    const { run, ...body } = options;
    return await this.http.ask("POST", `/runs/${run}/rollback`, body);
  }

  /** Stops a run, or the whole conversation. Nothing refuses it. */
  async stop(run?: string): Promise<Json> {
    return await this.interrupt("stop", run);
  }

  async interrupt(op: "stop" | "pause" | "resume" | "kill", run?: string): Promise<Json> {
    return await this.http.ask("POST", run === undefined ? `/${op}` : `/runs/${run}/${op}`);
  }

  async state(run: string): Promise<Json> {
    return await this.http.ask("GET", `/runs/${run}`);
  }

  async dag(run: string): Promise<Json> {
    return await this.http.ask("GET", `/runs/${run}/dag`);
  }

  /** The messages of a run in their order, with their headers and signatures. */
  history(run: string): AsyncIterable<Json> {
    return messagesOf(this.http, `/runs/${run}/history`);
  }

  /** Checks the whole log by itself: every hash and signature, and the service's checkpoint. */
  async verify(): Promise<Verified> {
    return await verifyLog(this.http, this.conversationId);
  }

  /** What somebody wrote is data, never an instruction. */
  async body(id: string): Promise<{ readonly untrusted: true; readonly value: unknown }> {
    const bytes = await this.http.bytes(`/messages/${id}/body`);
    const text = new TextDecoder().decode(bytes);
    try {
      return { untrusted: true, value: JSON.parse(text) };
    } catch {
      return { untrusted: true, value: text };
    }
  }

  /** Performs a step whenever it is a task: start, the handler, then done or fail. */
  on(step: string, handler: Handler): void {
    this.#handlers.on(step, handler);
  }

  /** Undoes the effect of steps that name this handler, while a run is rolled back. */
  compensate(handler: string, undo: Handler): void {
    this.#handlers.compensate(handler, undo);
  }

  onHalt(listener: (frame: Json) => void): void {
    this.#onHalt.add(listener);
  }

  onFork(listener: (error: WorkflowError) => void): void {
    this.#onFork.add(listener);
  }

  async close(): Promise<void> {
    this.#handlers.abort(new WorkflowError("closed", "The agent was closed."));
    await this.#frames?.close();
  }

  /** For handlers: the attempt's own messages. */
  async perform(task: HandlerTask, op: "start" | "done" | "fail", body: unknown): Promise<Sent> {
    const { run, step, branch } = task;
    return await this.#commit(run, { type: "step", op, step, branch, body, strict: false });
  }

  async #commit(run: string, draft: Draft): Promise<Sent> {
    if (this.#history.isForked)
      throw new WorkflowError("fork_detected", "The log is not the one seen before.");
    for (let attempt = 1; ; attempt += 1) {
      const state = readRun(await this.state(run));
      await this.#see(state);
      const message = await this.#sign(state, draft);
      try {
        const answer = await this.http.ask("POST", "/messages", message);
        const receipt = Object(answer.receipt);
        await this.#see({ size: receipt.size, root: receipt.root });
        return { run, msg: String(receipt.msg), seq: Number(receipt.seq) };
      } catch (error) {
        if (!(error instanceof WorkflowError)) throw error;
        if (error.isFork) this.#forked(error);
        if (draft.strict || attempt >= ATTEMPTS || !AGAIN.has(error.code)) throw error;
      }
    }
  }

  async #sign(state: RunState, draft: Draft) {
    const branch = draft.branch ?? state.main;
    const tip = state.branches.get(branch) ?? { tip: ZEROS, next: 0 };
    const own = tip.tip === ZEROS ? [] : [tip.tip];
    const parents = [...own, ...(draft.parents?.(state, branch) ?? [])];
    const [status, attempts] = state.steps.get(draft.step) ?? ["wait", 0];
    const attempt =
      draft.step === "" ? 0 : Math.max(1, status === "ready" ? attempts + 1 : attempts);
    const body = canonicalBytes(draft.body);
    const header = buildHeader({
      id: `msg_${ulid()}`,
      conversationId: this.conversationId,
      type: draft.type,
      op: draft.op,
      size: state.size,
      root: state.root,
      strict: draft.strict,
      branch,
      node: `${branch}/${tip.next}`,
      parents,
      did: this.did,
      run: state,
      step: draft.step,
      attempt,
      body,
      ts: Date.now(),
    });
    const sig = writeSignature(await this.#signer.sign(signedBytes(header)));
    return { header, sig, body: toBase64(body) };
  }

  async #runOf(workflow: string | undefined): Promise<string> {
    if (workflow === undefined)
      throw new WorkflowError("ambiguous_run", "Say which workflow, or which run.");
    const { runs } = await this.http.ask("GET", "/runs?status=running&limit=1000");
    const open = (Array.isArray(runs) ? runs : []).filter(
      (run: unknown) => Object(run).workflow === workflow,
    );
    if (open.length > 1)
      throw new WorkflowError("ambiguous_run", `Several runs of ${workflow} are open: say which.`);
    const [only] = open;
    return only === undefined ? await this.start(workflow) : String(Object(only).run);
  }

  async #readyStep(run: string): Promise<string> {
    const { tasks } = await this.http.ask(
      "GET",
      `/tasks?did=${encodeURIComponent(this.did)}&limit=1000`,
    );
    const steps = (Array.isArray(tasks) ? tasks : [])
      .filter((task: unknown) => Object(task).run === run)
      .map((task: unknown) => String(Object(task).step));
    const [step, another] = steps;
    if (step === undefined)
      throw new WorkflowError("no_ready_step", "No step of the run is ready for this agent.");
    if (another !== undefined)
      throw new WorkflowError("ambiguous_step", `Several steps are ready: ${steps.join(", ")}.`);
    return step;
  }

  async #see(seen: { readonly size: number; readonly root: string }): Promise<void> {
    try {
      await this.#history.advance({ size: seen.size, root: seen.root });
    } catch (error) {
      if (error instanceof WorkflowError && error.isFork) this.#forked(error);
      throw error;
    }
  }

  #forked(error: WorkflowError): void {
    this.#handlers.abort(error);
    for (const listener of this.#onFork) listener(error);
  }

  #hear(frame: Json): void {
    switch (frame.t) {
      case "halt": {
        const isOther = frame.did !== undefined && frame.did !== this.did;
        if (isOther) return;
        const run = typeof frame.run === "string" ? frame.run : null;
        this.#handlers.abort(new WorkflowError("halted", "It was stopped."), run);
        for (const listener of this.#onHalt) listener(frame);
        return;
      }
      case "task":
        this.#handlers.task(frame);
        return;
      case "compensate":
        this.#handlers.compensation(frame);
        return;
      default:
    }
  }
}
