/**
 * Agents of a workflow as load: messages that were signed beforehand, each hanging on the one
 * before, so that nothing but the service's work is measured.
 */
import { canonicalBytes, type SeedSigner, signerFromSeed, writeSignature } from "@ams/provenance";
import { buildHeader, messageHash, signedBytes } from "@ams/workflow-rules";

/** A workflow whose senders may be far behind: messages are signed before others are committed. */
const DEFINITION = { name: "bench", v: 1, max_lag: 65_536, steps: { wait: {} } };

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

let ids = 0;

/** 26 characters that no other message of this process has. */
function nextId(): string {
  ids += 1;
  let [rest, text] = [ids, ""];
  for (let place = 0; place < 16; place += 1) {
    text = (ALPHABET[rest % 32] ?? "0") + text;
    rest = Math.floor(rest / 32);
  }
  return `msg_01BENCH000${text}`;
}

type Fields = Readonly<Record<string, unknown>>;

export class WorkflowSpace {
  readonly conversationId: string;
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #signer: SeedSigner = signerFromSeed(new Uint8Array(32).fill(7));

  private constructor(base: string, credential: string, conversationId: string) {
    this.#base = `${base}/workflow/v1/conversations/${conversationId}`;
    this.#headers = { authorization: `Bearer ${credential}` };
    this.conversationId = conversationId;
  }

  /** Opens the conversation of a link at a process, and defines the workflow. */
  static async open(base: string, credential: string, link: string): Promise<WorkflowSpace> {
    const answer = await fetch(`${base}/workflow/v1/conversations`, {
      method: "POST",
      headers: { authorization: `Bearer ${credential}` },
      body: JSON.stringify({ magic_link: link }),
    });
    const opened: Fields = Object(await answer.json());
    const space = new WorkflowSpace(base, credential, String(opened.conversation_id));
    await space.ask("PUT", "/workflows/bench/1", DEFINITION);
    return space;
  }

  async ask(method: string, path: string, body?: unknown): Promise<Fields> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const init = body === undefined ? {} : { body: text };
    const answer = await fetch(this.#base + path, { method, headers: this.#headers, ...init });
    const value: Fields = Object(await answer.json());
    if (answer.ok) return value;
    throw new Error(`${method} ${path.slice(0, 40)} was answered ${answer.status} ${value.error}.`);
  }

  async start(): Promise<string> {
    return String((await this.ask("POST", "/runs", { workflow: "bench" })).run);
  }

  /** Requests of so many notes of a run, each on the one before, with bodies of so many bytes. */
  async chain(run: string, count: number, bytes: number): Promise<readonly Note[]> {
    const state = await this.ask("GET", `/runs/${run}`);
    const { main }: Fields = Object(state.branches);
    const first = Number(Object(main).next);
    const body = canonicalBytes("x".repeat(bytes - 2));
    const content = Buffer.from(body).toString("base64");
    const { did } = this.#signer;
    const about = {
      id: run,
      workflow: "bench",
      version: 1,
      def: String(state.def),
      epoch: 0,
      state: String(state.state),
    };
    const seen = { size: Number(state.size), root: String(state.root) };
    let tip = String(Object(main).tip);
    return Array.from({ length: count }, (_, index) => {
      const header = buildHeader({
        id: nextId(),
        conversationId: this.conversationId,
        type: "note",
        op: "note",
        ...seen,
        branch: "main",
        node: `main/${first + index}`,
        parents: [tip],
        did,
        run: about,
        body,
        ts: 1,
      });
      tip = messageHash(header);
      const sig = writeSignature(this.#signer.signNow(signedBytes(header)));
      return { id: header.id, request: JSON.stringify({ header, sig, body: content }) };
    });
  }

  async send({ request }: Note): Promise<void> {
    await this.ask("POST", "/messages", request);
  }
}

export type Note = { readonly id: string; readonly request: string };
