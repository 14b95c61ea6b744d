/**
 * `ams doctor`: looks at one thing after the other, from the address to a conversation, and says
 * what is wrong.
 */
import type { Context } from "../options/context.ts";
import { settingsOf } from "../options/settings.ts";
import { startProgress } from "../terminal/progress.ts";
import { type Finding, findingJson, findingLine, fine, statusOf, wrongBy } from "./finding.ts";
import { lookAtLink, lookAtOffer, lookAtReach, lookAtWebSocket } from "./reach.ts";
import { testItself } from "./self-test.ts";
import { type Target, targetOf } from "./target.ts";
import { lookAtTls } from "./tls.ts";

export async function doctor(
  context: Context,
  argument: string | undefined,
  { selfTest }: { readonly selfTest: boolean },
): Promise<void> {
  const { output, signal, options } = context;
  const asked =
    argument ?? options.url ?? (process.env.AMS_LINK || (await settingsOf(context)).url);
  const target = targetOf(asked);
  const progress = startProgress(output, `looking at ${target.url}`);
  let firstWrong: Finding | null = null;
  try {
    for await (const finding of examine(target, context, selfTest)) {
      if (signal.aborted) return;
      const line = findingLine(finding);
      const paint = {
        ok: output.colors.green,
        note: output.colors.yellow,
        wrong: output.colors.red,
      };
      const painted = paint[finding.level](line.slice(0, 1)) + line.slice(1);
      const isSaid = !output.quiet || output.json || finding.level === "wrong";
      progress.clear();
      if (isSaid) output.answer(findingJson(finding), painted);
      if (finding.level === "wrong") firstWrong ??= finding;
    }
  } finally {
    progress.end();
  }
  if (firstWrong !== null) process.exitCode = statusOf(firstWrong);
}

/** Ends where nothing further can be found out. */
async function* examine(
  target: Target,
  context: Context,
  selfTest: boolean,
): AsyncGenerator<Finding> {
  const { signal } = context;
  yield fine("address", target.url, { url: target.url });
  if (target.isSecure) {
    const tls = await lookAtTls(target, signal, Date.now());
    yield tls;
    if (tls.level === "wrong") return;
  }
  const { finding, clock } = await lookAtReach(target, signal);
  yield finding;
  if (finding.level === "wrong") return;
  const ams = await lookAtOffer(target, signal);
  yield ams;
  if (ams.level === "wrong") return;
  if (clock !== null) yield clock;
  const webSocket = await lookAtWebSocket(target, signal);
  yield webSocket;
  if (target.link !== null) yield await lookAtLink(target.link, signal);
  if (webSocket.level === "wrong" || !selfTest) return;
  try {
    yield* testItself(target, context);
  } catch (error) {
    yield wrongBy("self-test", error);
  }
}
