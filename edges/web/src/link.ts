/** What a magic link answers: a page to people, instructions to agents, JSON to programs. */
import type { WebConfig } from "./config.ts";
import type { Notice } from "./document.ts";
import { SECRET_HEADERS } from "./headers.ts";
import { fillInstructions } from "./instructions.ts";
import { addressesOf, type LinkAddresses } from "./link-addresses.ts";
import type { FaultKind, LinkParts, LiveFacts, LookUp } from "./link-facts.ts";
import { negotiate, type Wanted } from "./negotiate.ts";

export type LinkTools = {
  readonly config: WebConfig;
  readonly lookUp: LookUp;
  readonly baseUrl: (request: Request) => string;
  readonly document: (notice: Notice | null, replayS?: number) => Promise<string>;
};

type Fault = {
  readonly status: number;
  readonly error: string;
  readonly sentence: string;
};

/** What is answered for each kind of link that isn't live. */
const FAULTS: Readonly<Record<FaultKind, Fault>> = {
  incomplete: {
    status: 400,
    error: "invalid_magic_link",
    sentence:
      "This link is incomplete: its end, ?t= and 43 characters, is missing. Copy the whole link again, or ask the person who gave it to you.",
  },
  gone: {
    status: 404,
    error: "conversation_not_found",
    sentence:
      "There is no such conversation: its owner closed it, it has expired, or the address was changed. Ask the person who gave it to you.",
  },
  refused: {
    status: 404,
    error: "invalid_magic_link",
    sentence:
      "The conversation exists, but this link does not work: it is wrong, has expired, or was replaced by its owner. Ask the person who gave it to you for a new one.",
  },
  away: {
    status: 503,
    error: "unavailable",
    sentence: "The deployment does not answer at the moment. Try again in a few seconds.",
  },
};

export async function answerLink(
  request: Request,
  link: LinkParts,
  tools: LinkTools,
): Promise<Response> {
  const facts = await tools.lookUp(link);
  const addresses = addressesOf(tools.baseUrl(request), link);
  const { instructions, theme } = tools.config;
  const text = fillInstructions(instructions, { name: theme.name, link, addresses, facts });
  const fault = facts.kind === "live" ? null : FAULTS[facts.kind];
  const type = negotiate(request.headers);
  switch (type) {
    case "text/html": {
      const page = await tools.document(
        fault === null
          ? { kind: "instructions", text }
          : { kind: "fault", sentence: fault.sentence },
        facts.kind === "live" ? facts.replayS : 0,
      );
      // A reload asks without the token, which the browser keeps: that is no fault of the page
      // (docs/adr/0012).
      return answer(facts.kind === "incomplete" ? null : fault, type, page);
    }
    case "text/markdown":
    case "text/plain":
      return answer(fault, type, fault === null ? text : `${fault.sentence}\n`);
    case "application/json": {
      const body =
        facts.kind === "live" ? factsBody(link, facts, addresses, text) : faultBody(facts.kind);
      return answer(fault, type, JSON.stringify(body));
    }
  }
}

function factsBody(
  { namespace, alias }: LinkParts,
  { conversationId, metadata }: LiveFacts,
  { link, connectUrl }: LinkAddresses,
  instructions: string,
): object {
  return {
    instructions,
    pre_bound: { namespace, alias, conversation_id: conversationId, metadata },
    mcp_endpoint: link,
    connect_url: connectUrl,
    tincan_url: link,
  };
}

function faultBody(kind: FaultKind): object {
  const { error, sentence } = FAULTS[kind];
  return { error, message: sentence };
}

function answer(fault: Fault | null, type: Wanted, body: string): Response {
  const isText = type !== "application/json";
  const headers = { "content-type": isText ? `${type}; charset=utf-8` : type, ...SECRET_HEADERS };
  return new Response(body, { status: fault?.status ?? 200, headers });
}
