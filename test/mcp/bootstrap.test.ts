// A client that was given a URL and knows nothing else gets its first token to a person who
// watches.
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, ERAS } from "./clients.ts";
import { ask, initialize, type Json, messages, stateless, statelessHeaders } from "./raw.ts";
import { startWorld, Watcher, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(() => world.stop());

/** The tools that a text asks a reader to call, in its order. */
function stepsOf(instructions: string): readonly string[] {
  return [...instructions.matchAll(/^\d+\. (ams_\w+)/gm)].map(([, name = ""]) => name);
}

test.each(ERAS)("%s: the instructions alone lead to the first token", async (era) => {
  const instructions = "Greet whoever is here.";
  const { link, alias, id, account } = await world.conversation({ metadata: { instructions } });
  const watcher = await Watcher.join(link, "person");
  const agent = await connect(era, link, "cold-agent");
  const read = agent.instructions();
  for (const word of [
    alias,
    id,
    account.namespace,
    instructions,
    "not instructions",
    "Without push",
  ]) {
    expect(read).toContain(word);
  }
  // It does what it read: no name, no argument beyond what the text says is needed.
  const steps = stepsOf(read);
  expect(steps).toEqual(["ams_join", "ams_send", "ams_recv", "ams_leave"]);
  const joined = await agent.call(steps[0] ?? "");
  const as = { stream_name: joined.stream_name };
  await agent.call(steps[1] ?? "", { data: "Hello!", ...as });
  await watcher.until((heard) => heard.includes(`${joined.stream_name}: Hello!`));
  await watcher.connection.send("Hello, agent.");
  const heard = await agent.call(steps[2] ?? "", { wait_ms: 20_000, ...as });
  expect(heard.events).toMatchObject([
    { kind: "token", stream_name: "person", data: "Hello, agent." },
  ]);
  await agent.call(steps[3] ?? "", as);
  await watcher.until((lines) => lines.includes(`-${joined.stream_name}`));
  await agent.close();
  await watcher.connection.close();
});

test("a client that forgets its name between two calls still speaks under one, in every era, where no other shares its subscriptions", async () => {
  for (const era of ERAS) {
    const { link } = await world.conversation();
    const watcher = await Watcher.join(link, "person");
    const agent = await connect(era, link, "forgetful");
    const { stream_name } = await agent.call("ams_join");
    const sent = await agent.call("ams_send", { data: "x" });
    expect(sent.stream_name).toBe(stream_name);
    await agent.call("ams_leave");
    await agent.close();
    await watcher.connection.close();
  }
});

test("an address bound to nothing says what to do with a link", async () => {
  const url = `${world.url}/mcp`;
  const old = await messages(await ask(url, { body: initialize() }));
  const young = await messages(
    await ask(url, {
      body: stateless("server/discover"),
      headers: statelessHeaders("server/discover"),
    }),
  );
  for (const [answer] of [old, young]) {
    const { instructions } = (answer?.result ?? {}) as Json;
    expect(instructions).toContain("magic_link");
    expect(instructions).not.toContain("This conversation:");
  }
});
