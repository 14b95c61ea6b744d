/** Partitions: they never change, and are spread. */

import type { AccountId, Alias, ConversationId, Namespace } from "@ams/protocol";
import { DEFAULT_PREFIX } from "@ams/store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PARTITIONS, partitionOf } from "../channels.ts";
import { keysUnder } from "./keys.ts";

test("a partition never changes: data lies there", () => {
  expect([partitionOf("demo/hello"), partitionOf("acc_1"), partitionOf("")]).toEqual([
    28, 120, 110,
  ]);
});

test("partitions are spread evenly", () => {
  const counts = Array.from({ length: PARTITIONS }, () => 0);
  for (let index = 0; index < 100 * PARTITIONS; index += 1) {
    const partition = partitionOf(`demo/alias-${index}`);
    counts[partition] = (counts[partition] ?? 0) + 1;
  }
  expect(Math.min(...counts)).toBeGreaterThan(50);
  expect(Math.max(...counts)).toBeLessThan(150);
});

test("all keys of a conversation and its channel share one hash tag", () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z0-9-]{1,63}$/),
      fc.stringMatching(/^[a-z0-9-]{1,63}$/),
      (namespace, alias) => {
        const address = { namespace: namespace as Namespace, alias: alias as Alias };
        const partition = partitionOf(`${namespace}/${alias}`);
        const keys = keysUnder(DEFAULT_PREFIX);
        const texts = [
          ...Object.values(keys.conversation(address)),
          keys.channels.conversation({
            address,
            conversationId: "conv_1" as ConversationId,
            generation: "g",
          }),
          keys.held(partition, "g"),
        ];
        const tags = new Set(texts.map((text) => /\{[^}]*\}/.exec(text)?.[0]));
        expect([...tags]).toEqual([`{p${partition}}`]);
      },
    ),
  );
});

test("§8.7 every name begins with the prefix, and no name of one prefix is one of another", () => {
  const address = { namespace: "ns" as Namespace, alias: "alias" as Alias };
  const namesUnder = (prefix: string) => {
    const keys = keysUnder(prefix);
    const where = { address, conversationId: "conv_1" as ConversationId, generation: "g" };
    const single = [keys.gateways, keys.sweeping, keys.peppers, keys.channels.deployment];
    const parts = [keys.conversation(address), keys.account("acc_1" as AccountId)];
    return [
      ...single,
      ...[...parts, keys.namespace(address.namespace)].flatMap((part) => Object.values(part)),
      keys.channels.conversation(where),
      keys.credential("00"),
      keys.held(3, "g"),
      keys.rate("mints"),
    ];
  };
  const all = ["ams:", "ams:1:", "ams:11:", "blue:"].map((prefix) => {
    const names = namesUnder(prefix);
    expect(names.filter((name) => !name.startsWith(prefix))).toEqual([]);
    return names;
  });
  expect(new Set(all.flat()).size).toBe(new Set(all[0]).size * all.length);
});
