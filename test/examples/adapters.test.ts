// The adapters in TypeScript: their examples print what the page says; a chat of the AI SDK that is
// loaded again at random moments; a stop from another gateway; and what fails.
import { readFile } from "node:fs/promises";
import { join as path } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createAccount, join } from "@ams/client";
import { type Request, serve } from "@ams/client/answers";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { findRedisBinary } from "../cluster/redis-server.ts";
import { startCluster } from "../cluster.ts";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runTypeScript } from "./example.ts";

const FOLDER = path(repositoryRoot(), "examples", "adapters");
const load = (file: string) => import(path(FOLDER, "typescript", file));
const { AmsAgent } = await load("ag-ui-agent.ts");
const { AmsChatTransport, onError } = await load("ai-sdk-transport.ts");
const { fakeModel, PageChat, respondBy } = await load("example-parts.ts");

/** Reloads of pages; `npm run test:long -- reloads` makes 500. */
const RELOADS = Number(process.env.AMS_RELOADS ?? 40);
const REPLAY = { ttlS: 3_600, maxBytes: 8_388_608 };
const SOON = { timeout: 60_000, interval: 2 };

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

test.each(["ai-sdk", "ag-ui"])("example-%s prints what its page says", async (name) => {
  const program = `examples/adapters/typescript/example-${name}.ts`;
  const page = await readFile(path(FOLDER, "README.md"), "utf8");
  const [, says = ""] = page.split(`npx tsx ${program}\n\`\`\`\n\`\`\`\n`);
  const run = runTypeScript(program, [], { AMS_URL: ams.url });
  expect(await run.ended).toEqual({ code: 0, stdout: says.split("```")[0], stderr: "" });
});

describe("a chat of the AI SDK", () => {
  test(`${RELOADS} reloads at random moments give the same text`, async () => {
    const numbers = fc.integer({ min: 0, max: 400 });
    const random = fc.sample(numbers, { numRuns: RELOADS, seed: 19 });
    const words = Array.from({ length: 200 }, (_, n) => `${n} é😀\u2028${"x".repeat(n % 7)} `);
    const whole = words.join("");
    const { link, agent } = await conversation(ams.url, () => fakeModel(words, () => pause(2)));
    let reloads = 0;
    for (let chat = 0; reloads < RELOADS; chat += 1) {
      let page = openPage(link, agent, `chat-${chat}`);
      void page.chat.sendMessage({ text: "Go." });
      await vi.waitUntil(() => page.chat.answer !== "", SOON); // The request is with the agent.
      for (let isWhole = false; !isWhole; reloads += 1) {
        const target = page.chat.answer.length + (random[reloads % RELOADS] ?? 0);
        const { chat: shown } = page;
        await vi.waitUntil(() => shown.answer.length >= Math.min(target, whole.length), SOON);
        expect(whole.startsWith(shown.answer)).toBe(true);
        isWhole = shown.answer === whole;
        const messages = shown.messages.slice(0, 1);
        page.leave();
        page = openPage(link, agent, `chat-${chat}`, messages);
        void page.chat.resumeStream();
      }
      await vi.waitUntil(() => page.chat.answer === whole, SOON);
      page.leave();
    }
  }, 600_000);

  test("in a conversation that keeps nothing, there is nothing to go on with", async () => {
    const { link, agent } = await conversation(ams.url, () => fakeModel([], pause), false);
    const transport = new AmsChatTransport({ link, agent });
    expect(await transport.reconnectToStream({ chatId: "a" })).toBe(null);
  });

  test("an agent that fails, or leaves in the middle, is an error of the chat", async () => {
    const fails = async () => {
      throw new Error("a secret of the agent");
    };
    const failing = await conversation(ams.url, () => fakeModel(["a"], fails));
    const page = openPage(failing.link, failing.agent, "a");
    await page.chat.sendMessage({ text: "Go." });
    expect(page.chat.status).toBe("error");
    expect(page.chat.error?.message).not.toContain("secret");

    const { link, agent, me } = await conversation(ams.url, () => endless());
    const other = openPage(link, agent, "a");
    void other.chat.sendMessage({ text: "Go." });
    await vi.waitUntil(() => other.chat.answer !== "", SOON);
    await me.close();
    await vi.waitUntil(() => other.chat.status === "error", SOON);
    expect(other.chat.error?.message).toMatch(/left before the end/);
  });

  test("what others say that is no request is passed over", async () => {
    const { link, agent } = await conversation(ams.url, () => fakeModel(["yes"], pause));
    const stranger = await join(link, { guest: true });
    onTestFinished(() => stranger.close());
    const nonsense = ["hello", "{", '{"id":7}', '{"id":"x","stop":"none"}', "null", "[]", "\n"];
    for (const text of nonsense) await stranger.pipe([text]);
    const page = openPage(link, agent, "a");
    await page.chat.sendMessage({ text: "Go." });
    expect(page.chat.answer).toBe("yes");
  });
});

test.skipIf(findRedisBinary() === null)(
  "stop() after a reload on another gateway ends the writer (needs Redis)",
  async () => {
    const cluster = await startCluster({ gateways: 2 });
    onTestFinished(() => cluster.stop());
    const [one, two] = cluster.gateways.map(({ url }) => url);
    let stoppedAt = 0;
    const { link, agent } = await conversation(cluster.url, () =>
      endless(() => {
        stoppedAt = performance.now();
      }),
    );
    const at = (gateway = "") => link.replace(new URL(link).origin, gateway);
    const page = openPage(at(one), agent, "a");
    void page.chat.sendMessage({ text: "Go." });
    await vi.waitUntil(() => page.chat.answer !== "", SOON);
    page.leave();
    const again = openPage(at(two), agent, "a", page.chat.messages.slice(0, 1));
    void again.chat.resumeStream();
    await vi.waitUntil(() => again.chat.answer !== "", SOON);
    const asked = performance.now();
    await again.chat.stop();
    await vi.waitUntil(() => stoppedAt > 0, SOON);
    console.info(`The writer was stopped after ${(stoppedAt - asked).toFixed(0)} ms.`);
  },
  120_000,
);

test("AG-UI: a run that was stopped is an error, and the thread goes on after it", async () => {
  const { link, agent } = await conversation(ams.url, null);
  const page = () => new AmsAgent({ link, agent, threadId: "t", options: { guest: true } });
  const [first, second] = [page(), page()];
  const run = first.runAgent({ runId: "slow" }).catch(() => {});
  await vi.waitUntil(() => first.messages.length > 0, SOON);
  first.abortRun();
  await run;
  await first.runAgent({ runId: "quick" });
  await second.connectAgent();
  const texts = ({ messages }: typeof first) => messages.map((one: { id: string }) => one.id);
  expect(texts(second)).toEqual(["answer to slow", "answer to quick"]);
});

/** A conversation with an agent in it: a model's, or without one AG-UI's. */
async function conversation(url: string, model: (() => unknown) | null, isKept = true) {
  const account = await createAccount(url);
  const { magicLink: link } = await account.mint(isKept ? { replay: REPLAY } : {});
  const me = await join(link, { credential: account.credential, streamName: "assistant" });
  onTestFinished(() => me.close());
  const failed = () => ({ type: "RUN_ERROR", message: "It was stopped." });
  const serving = model ? serve(me, respondBy(model), onError) : serve(me, runOf, failed);
  serving.catch(() => {});
  return { link, agent: me.streamId, me };
}

/** An AG-UI run that ends, unless it is called "slow". */
async function* runOf(request: Request, signal: AbortSignal) {
  const { runId, threadId } = request;
  const messageId = `answer to ${runId}`;
  yield { type: "RUN_STARTED", threadId, runId };
  yield { type: "TEXT_MESSAGE_START", messageId, role: "assistant" };
  yield { type: "TEXT_MESSAGE_CONTENT", messageId, delta: "Well." };
  if (runId === "slow") await pause(600_000, null, { signal });
  yield { type: "TEXT_MESSAGE_END", messageId };
  yield { type: "RUN_FINISHED", threadId, runId };
}

/** A model that never ends by itself. */
function endless(ended = () => {}) {
  const model = fakeModel(
    Array.from({ length: 100_000 }, () => "word "),
    () => pause(5),
  );
  const doStream = async (options: { abortSignal?: AbortSignal }) => {
    options.abortSignal?.addEventListener("abort", ended);
    return model.doStream(options);
  };
  return { ...model, doStream };
}

/** A page with its chat; `leave` is what closing its tab does: its connection is gone. */
function openPage(link: string, agent: string, id: string, messages: readonly unknown[] = []) {
  const tab = new AbortController();
  const options = { guest: true, signal: tab.signal };
  const transport = new AmsChatTransport({ link, agent, options });
  const chat = new PageChat({ id, transport, messages });
  onTestFinished(() => tab.abort());
  return { chat, leave: () => tab.abort() };
}
