/**
 * The lines of a history's story, short enough to read: members that say nothing new are left out,
 * ids become names.
 */

import { streamOf } from "./cast.ts";
import type { Plan } from "./steps.ts";

/** Members of frames, events and records that the story does without. */
const LEFT_OUT =
  /"(?:conversation_id|conversationId|owner_account_id|account_id|peer_identity|conversation_metadata|stream_name|subscribersMax|where|address|namespace|alias|metadata_n|joined_at|self_subscribe|subscribed_streams)":(?:"[^"]*"|\{[^{}]*\}|\[[^[\]]*\]|null|true|false|\d+),?/g;

/** Commands that nothing depends on, most of the time. */
const UNEVENTFUL =
  /^\S+ +\S+ +g\d+ (?:ping|heartbeat .*"renewed"|take lapsed \[\] -> \[\]|admission|credentialHolder)/;

const DAY = "2026-01-01T";

export function storyOf(plan: Plan, lines: readonly string[]): readonly string[] {
  const names = plan.clients.map((identity) => {
    const { name, account, conversation } = identity;
    return [streamOf(identity), `${name}/${account ?? "guest"}@${conversation}`] as const;
  });
  return lines.filter((line) => !UNEVENTFUL.test(line.trim())).map((line) => brief(line, names));
}

function brief(line: string, names: readonly (readonly [string, string])[]): string {
  let text = line.replace(LEFT_OUT, "").replace(LEFT_OUT, "").replaceAll(DAY, "");
  for (const [stream, name] of names) text = text.replaceAll(stream, name);
  return text.replaceAll('"', "").replaceAll(",}", "}").replaceAll("{}", "").slice(0, 240);
}
