/** Partitions: the same for ever, and spread. */
import type { Alias, ConversationId, Namespace } from "@ams/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { channelOf, conversationKeys, heldKey, PARTITIONS, partitionOf } from "./keys.ts";

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
        const texts = [
          ...Object.values(conversationKeys(address)),
          channelOf(address, "conv_1" as ConversationId),
          heldKey(partition, "g"),
        ];
        const tags = new Set(texts.map((text) => /\{[^}]*\}/.exec(text)?.[0]));
        expect([...tags]).toEqual([`{p${partition}}`]);
      },
    ),
  );
});
