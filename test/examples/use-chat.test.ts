// `useChat` of the AI SDK, rendered by React in jsdom over `AmsChatTransport`: what a person sees
// while an answer comes, after a reload in the middle of it, and after stop.
import { join as path } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { useChat } from "@ai-sdk/react";
import { createAccount, join } from "@ams/client";
import { serve } from "@ams/client/answers";
import { JSDOM } from "jsdom";
import { createElement } from "react";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";

const FOLDER = path(repositoryRoot(), "examples", "adapters", "typescript");
const { AmsChatTransport, onError } = await import(path(FOLDER, "ai-sdk-transport.ts"));
const { fakeModel, respondBy } = await import(path(FOLDER, "example-parts.ts"));

const SOON = { timeout: 60_000, interval: 2 };
const WORDS = Array.from({ length: 40 }, (_, n) => `word-${n} `);
const WHOLE = WORDS.join("");

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

type Address = { readonly link: string; readonly agent: string };

/** React looks for these as it is loaded. */
const { window } = new JSDOM("<body></body>", { pretendToBeVisual: true });
const { document, navigator } = window;
for (const [name, value] of Object.entries({ window, document, navigator })) {
  vi.stubGlobal(name, value);
}
const { createRoot } = await import("react-dom/client");

/** A page with one component that uses the hook, and what can be seen of it. */
function openPage({ link, agent }: Address) {
  const tab = new AbortController();
  const options = { guest: true, signal: tab.signal } as const;
  const transport = new AmsChatTransport({ link, agent, options });
  const asked = [{ id: "1", role: "user", parts: [{ type: "text", text: "Go." }] }] as const;
  function Chat({ isReload }: { readonly isReload: boolean }) {
    const messages = isReload ? [{ ...asked[0], parts: [...asked[0].parts] }] : [];
    const chat = useChat({ id: "chat", transport, resume: isReload, messages });
    const said = chat.messages.map(({ id, role, parts }) =>
      createElement("p", { key: id, className: role }, parts.map(textOf).join("")),
    );
    return createElement("div", null, [
      button("ask", () => void chat.sendMessage({ text: "Go." })),
      button("stop", () => void chat.stop()),
      createElement("output", { key: "status" }, chat.status),
      ...said,
    ]);
  }
  const main = document.body.appendChild(document.createElement("main"));
  const root = createRoot(main);
  const text = (selector: string) => main.querySelector(selector)?.textContent ?? "";
  const leave = () => {
    tab.abort();
    root.unmount();
    main.remove();
  };
  return {
    show: (isReload: boolean) => root.render(createElement(Chat, { isReload })),
    answer: () => text("p.assistant:last-of-type"),
    status: () => text("output"),
    press: (id: string) => document.getElementById(id)?.click(),
    has: (id: string) => document.getElementById(id) !== null,
    leave,
  };
}

const textOf = (part: { readonly type: string; readonly text?: string }) =>
  part.type === "text" ? part.text : "";

function button(id: string, onClick: () => void) {
  return createElement("button", { key: id, id, type: "button", onClick }, id);
}

test("useChat shows an answer as it comes, goes on with it after a reload, and stops one", async () => {
  const account = await createAccount(ams.url);
  const { magicLink: link } = await account.mint({ replay: { ttlS: 3_600, maxBytes: 1_048_576 } });
  const me = await join(link, { credential: account.credential, streamName: "assistant" });
  onTestFinished(() => me.close());
  const model = () => fakeModel(WORDS, () => pause(10));
  const serving = serve(me, respondBy(model), onError);
  const address = { link, agent: me.streamId };

  const first = openPage(address);
  first.show(false);
  await vi.waitUntil(() => first.has("ask"), SOON);
  first.press("ask");
  await vi.waitUntil(() => first.answer() !== "", SOON);
  expect(first.status()).toBe("streaming");
  const seen = first.answer();
  expect(WHOLE.startsWith(seen)).toBe(true);
  first.leave();

  const again = openPage(address);
  onTestFinished(again.leave);
  again.show(true);
  await vi.waitUntil(() => again.answer() === WHOLE && again.status() === "ready", SOON);
  again.press("ask");
  await vi.waitUntil(() => again.answer() !== WHOLE && again.answer() !== "", SOON);
  again.press("stop");
  await vi.waitUntil(() => again.status() === "ready", SOON);
  expect(again.answer().length).toBeLessThan(WHOLE.length);
  await me.close();
  await serving;
});
