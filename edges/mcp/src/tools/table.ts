/** Every tool of the edge. */
import { createConversation } from "./create-conversation.ts";
import { join } from "./join.ts";
import { leave } from "./leave.ts";
import { peers } from "./peers.ts";
import { recv } from "./recv.ts";
import { send } from "./send.ts";
import { setMetadata } from "./set-metadata.ts";
import type { Tool } from "./tool.ts";

export const TOOLS: readonly Tool[] = [
  createConversation,
  join,
  send,
  recv,
  setMetadata,
  leave,
  peers,
];

/** What an unknown name finds is undefined. */
export const TOOLS_BY_NAME: ReadonlyMap<string, Tool> = new Map(
  TOOLS.map((tool) => [tool.listed.name, tool]),
);
