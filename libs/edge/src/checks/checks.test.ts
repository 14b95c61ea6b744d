import { expect, test } from "vitest";
import type { Result } from "../contract.ts";
import { Remembered } from "../subscriptions/remembered.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { failure } from "./faults.ts";
import { readdress } from "./links.ts";

type Answer = { readonly n: number };

function counting(clock: FakeClock) {
  const remembered = new Remembered<Answer>({ keptMs: 1_000, max: 2, clock });
  let asked = 0;
  const ask = async (): Promise<Result<Answer>> => {
    asked += 1;
    return { ok: true, n: asked };
  };
  return { remembered, ask, asked: () => asked };
}

test("a yes is kept for a second and no longer, and for so many secrets and no more", async () => {
  const clock = new FakeClock();
  const { remembered, ask, asked } = counting(clock);
  await remembered.get("a", ask);
  clock.pass(1_000);
  expect(await remembered.get("a", ask)).toEqual({ ok: true, n: 1 });
  clock.pass(1);
  expect(await remembered.get("a", ask)).toEqual({ ok: true, n: 2 });
  await remembered.get("b", ask);
  await remembered.get("c", ask);
  await remembered.get("a", ask);
  expect(asked()).toBe(5);
});

test("what is too old is gone by itself", async () => {
  const clock = new FakeClock();
  const { remembered, ask } = counting(clock);
  await remembered.get("a", ask);
  clock.pass(900);
  await remembered.get("b", ask);
  expect(remembered.size).toBe(2);
  clock.pass(101);
  expect(remembered.size).toBe(1);
  clock.pass(1_001);
  expect(remembered.size).toBe(0);
});

test("those who ask at once share one question, and a no is never kept", async () => {
  const { remembered, ask, asked } = counting(new FakeClock());
  await Promise.all([remembered.get("a", ask), remembered.get("a", ask), remembered.get("b", ask)]);
  expect(asked()).toBe(2);
  let refusals = 0;
  const refuse = async () => {
    refusals += 1;
    return failure("invalid_credential");
  };
  await remembered.get("c", refuse);
  expect(await remembered.get("c", refuse)).toMatchObject({ fault: "invalid_credential" });
  expect(refusals).toBe(2);
});

test("a question that throws is asked again", async () => {
  const { remembered, ask } = counting(new FakeClock());
  const bug = () => Promise.reject(new Error("A bug."));
  await expect(remembered.get("a", bug)).rejects.toThrow("A bug.");
  expect(await remembered.get("a", ask)).toEqual({ ok: true, n: 1 });
});

test("a link's host is not judged and never spoken to: its path and token are asked for at the deployment", () => {
  const t = "t".repeat(43);
  const at = `http://ams:8080/demo/conversations/talk?t=${t}`;
  const good = [
    `https://elsewhere.example/demo/conversations/talk?t=${t}`,
    `http://169.254.169.254/demo/conversations/talk?t=${t}&more=1`,
    `  https://user:pass@proxy.example/ams/demo/conversations/talk/?t=${t}  `,
  ];
  for (const link of good) expect(readdress(link, "http://ams:8080/"), link).toBe(at);
  const bad = [
    "",
    "garbage",
    `ftp://a/demo/conversations/talk?t=${t}`,
    "http://a/demo/conversations/talk",
    "http://a/demo/conversations/talk?t=",
    `http://a/demo/conversations/../talk?t=${t}`,
    `http://a/demo/conversations/%2e%2e?t=${t}`,
    `http://a/v1/demo?t=${t}`,
    `http://a/demo/conversations/talk?t=${"t".repeat(3_000)}`,
  ];
  for (const link of bad) expect(readdress(link, "http://ams:8080"), link).toBeNull();
});
