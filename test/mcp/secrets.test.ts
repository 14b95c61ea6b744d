// Nothing that lets somebody in, and nothing that anybody said, is in a log, a metric or an error
// of the edge.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import {
  ask,
  call,
  EventStream,
  open,
  stateless,
  statelessHeaders,
  tool,
  toolAlone,
} from "./raw.ts";
import { startWorld, Watcher } from "./world.ts";

test("planted by every way in, no secret and no text of anybody comes out where operators look", async () => {
  const adminPort = await freePort();
  const world = await startWorld({ AMS_ADMIN_PORT: String(adminPort), AMS_LOG_LEVEL: "debug" });
  const { link, bearer, account } = await world.conversation();
  const token = new URL(link).searchParams.get("t") ?? "";
  const wrong = "W".repeat(43);
  const session = await open(link, bearer);
  const watcher = await Watcher.join(link);
  const push = await EventStream.open(link, {
    method: "GET",
    headers: { accept: "text/event-stream", "mcp-session-id": session, ...bearer },
  });
  const given = { magic_link: link, stream_name: "canary-name" };
  await tool(
    link,
    session,
    "ams_join",
    { ...given, stream_metadata: { canary: "canary-metadata" } },
    bearer,
  );
  await tool(link, session, "ams_send", { ...given, data: "canary-data" }, bearer);
  await watcher.connection.send("canary-data");
  await push.until(() => push.notices("token").length === 1);
  await toolAlone(link, "ams_recv", { ...given, cursor: "canary-cursor" });
  const refused = [
    await ask(link.replace(token, wrong), { body: call("ams_send", { data: "canary-data" }) }),
    await ask(link, { body: call("x"), headers: { authorization: `Bearer ams_sk_${wrong}` } }),
    await ask(link, { body: `{"canary-data ${token}` }),
    await ask(link, {
      body: stateless("tools/call", { name: "canary-data" }),
      headers: statelessHeaders("tools/call", "x"),
    }),
    await ask(link, {
      body: call("ams_join", { magic_link: `${link}canary`, canary: token }),
      headers: { "mcp-session-id": session, ...bearer },
    }),
    await ask(link, {
      body: call("ams_send", { data: "canary-data", stream_name: `canary ${token}` }),
      headers: { "mcp-session-id": session, ...bearer },
    }),
  ];
  const errors = await Promise.all(refused.map((response) => response.text()));
  push.close();
  await watcher.connection.close();
  const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
  await world.standalone.halt();
  const log = readFileSync(join(world.standalone.folder, "standalone.log"), "utf8");
  const secrets = [token, wrong, account.credential, "canary", session];
  for (const secret of secrets) {
    expect(metrics).not.toContain(secret);
    expect(log).not.toContain(secret);
  }
  expect(log).not.toMatch(/127\.0\.0\.1:\d+\/[^ ]*conversations\/(?!hello)/);
  for (const text of errors) {
    for (const secret of [token, wrong, account.credential]) expect(text).not.toContain(secret);
  }
  expect(metrics).toMatch(/ams_mcp_tool_calls_total\{tool="ams_join",outcome="ok"\} 1/);
  await world.stop().catch(() => undefined);
});
