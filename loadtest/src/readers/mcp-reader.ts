/** A subscriber by MCP: a session at the link that asks with `ams_recv` again and again. */
import { AmsError } from "@ams/client";
import { readSeq } from "../verify/seq.ts";
import { Verifier } from "../verify/verifier.ts";
import { joinByMcp, type McpAgent, type McpEvent } from "./mcp-agent.ts";
import type { Ending, Reader, ReaderOptions } from "./reader.ts";

export class McpReader implements Reader {
  readonly kind = "mcp";
  readonly listens = true;
  readonly conversation: number;
  readonly verifier: Verifier;
  readonly #options: ReaderOptions;
  #agent: McpAgent | null = null;
  ending: Ending | null = null;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.conversation = options.conversation;
    this.verifier = new Verifier(options);
  }

  get isOpen(): boolean {
    return this.ending === null && this.#agent !== null;
  }

  async join(): Promise<void> {
    const { link, credential, source } = this.#options;
    const agent = await joinByMcp(link, { push: false, credential, source }).catch((cause) => {
      const sentence =
        "A session at the link was refused: it needs a deployment with the MCP edge.";
      throw new AmsError("refused", sentence, { cause });
    });
    this.#agent = agent;
    const heard = {
      onToken: (_: string, event: McpEvent) => this.#token(event),
      onTruncated: () => this.verifier.truncated(),
    };
    agent.poll(heard).catch(() => {
      if (this.#agent === agent) this.ending = { code: null, reason: "connection_lost" };
    });
  }

  async confirm(): Promise<void> {}

  async drop(): Promise<void> {
    await this.leave();
    this.verifier.away();
  }

  async leave(): Promise<void> {
    const agent = this.#agent;
    this.#agent = null;
    await agent?.leave();
    agent?.close();
  }

  #token({ stream_id: streamId, stream_name: streamName, seq: text, data }: McpEvent): void {
    const seq = readSeq(text);
    const isWhole = streamId !== undefined && streamName !== undefined && data !== undefined;
    this.verifier.take(
      isWhole && seq !== null
        ? { type: "token", streamId, streamName, seq, data }
        : { type: "unreadable" },
    );
  }
}
