/** `ams up`, `ams mcp`, `ams conformance`: other parts of AMS, each as a process of its own. */

import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { isSameOrigin, settingsOf } from "../options/settings.ts";
import { becomeChild } from "./child.ts";
import { fileOfClone, fileOfPackage } from "./clone.ts";

export type UpOptions = { readonly port?: number; readonly data?: string };

export async function up({ port, data }: UpOptions): Promise<void> {
  await becomeChild(fileOfClone("scripts/start.mjs", "up"), [], {
    ...(port === undefined ? {} : { PORT: String(port) }),
    ...(data === undefined ? {} : { AMS_DATA: data }),
  });
}

/**
 * The credential goes by the environment, where other users of the machine can't see it; and only
 * when what it is for is what is asked. Without it the child is a guest of the link.
 */
export async function mcp(context: Context, argument: string | undefined): Promise<void> {
  const file = fileOfPackage("mcp.mjs") ?? fileOfClone("edges/mcp/dist/stdio.js", "mcp");
  const { url, credential, credentialFor } = await settingsOf(context);
  const link = argument ?? process.env.AMS_LINK ?? null;
  const own = credentialFor ?? url;
  const isAsked = isSameOrigin(own, url) && (link === null || isSameOrigin(own, link));
  await becomeChild(file, [], {
    AMS_URL: url,
    AMS_CREDENTIAL: credential !== null && isAsked ? credential : undefined,
    AMS_LINK: link ?? undefined,
  });
}

export async function conformance(
  { options }: Context,
  url: string | undefined,
  args: readonly string[],
): Promise<void> {
  const given = url ?? options.url ?? process.env.AMS_URL;
  if (!given) {
    throw new CliError("bad_usage", "Say which AMS to try: ams conformance <url>.");
  }
  const file = fileOfClone("test/conformance/run.mjs", "conformance");
  await becomeChild(file, ["--url", given, ...args]);
}
