/**
 * The same tools over stdin and stdout, for clients without HTTP: `ams mcp [link]` runs this.
 * AMS_URL says where the deployment is (for a guest a link says it too), AMS_CREDENTIAL who speaks,
 * AMS_LINK which conversation, unless the argument does.
 */
import { setImmediate } from "node:timers/promises";
import { createWrapper } from "@ams/edge";
import { exitMisconfigured } from "@ams/process";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { LocalCaller, readLocal } from "./local.ts";

const read = readLocal(process.env, process.argv[2]);
if (!read.ok) exitMisconfigured("ams mcp", read.faults);
const { url, credential, link } = read.value;
const wrapper = createWrapper({ url });
const caller = await LocalCaller.open({ wrapper, credential, link });
if (!caller.ok) exitMisconfigured("ams mcp", caller.faults);
const handle = serveStdio((context) => caller.value.createServer(context.era));

async function stop(): Promise<void> {
  // The wrapper first: calls under way are answered, and who listens hears why, while there is
  // somebody to write to.
  await wrapper.close();
  await setImmediate(); // What was just notified is written by then.
  await handle.close().catch(() => undefined);
  process.exit(0);
}

process.stdin.once("close", () => void stop());
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());
