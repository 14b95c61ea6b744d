import { isAlias } from "@ams/protocol";
import { expect, test } from "vitest";
import { openTestControl } from "../testing/control.ts";
import { newAlias } from "./alias.ts";
import { ADJECTIVES, NOUNS } from "./alias-words.ts";

test("§2.3.1 every alias that can be generated is well-formed", () => {
  expect([...ADJECTIVES, ...NOUNS].every((word) => /^[a-z]{2,12}$/.test(word))).toBe(true);
  for (let count = 0; count < 1_000; count += 1) {
    const alias = newAlias();
    expect(alias).toMatch(/^[a-z]+-[a-z]+-\d{4}$/);
    expect(isAlias(alias)).toBe(true);
  }
});

test("there are several hundred million aliases, and no word occurs twice", () => {
  expect(new Set(ADJECTIVES).size).toBe(ADJECTIVES.length);
  expect(new Set(NOUNS).size).toBe(NOUNS.length);
  expect(ADJECTIVES.length * NOUNS.length * 10_000).toBeGreaterThan(500_000_000);
});

test("§2.3.1 a generated alias that is taken is drawn again; a chosen one is not", async () => {
  let refusals = 3;
  const tried: string[] = [];
  const open = await openTestControl({}, (directory) => ({
    ...directory,
    mint: async (wish) => {
      tried.push(wish.conversation.alias);
      if (refusals === 0) return directory.mint(wish);
      refusals -= 1;
      return { ok: false, fault: "alias_taken" };
    },
  }));
  const bearer = (await open.account("acme")).credential;
  const minted = await open.ask("POST", "/v1/acme/conversations", { bearer });
  expect([minted.status, minted.json.alias]).toEqual([201, tried[3]]);
  expect(new Set(tried).size).toBe(4);
  refusals = 1;
  const chosen = await open.ask("POST", "/v1/acme/conversations", { bearer, body: { alias: "x" } });
  expect([chosen.status, tried.length]).toEqual([409, 5]);
  refusals = Number.POSITIVE_INFINITY;
  expect((await open.ask("POST", "/v1/acme/conversations", { bearer })).status).toBe(409);
  await open.close();
});
