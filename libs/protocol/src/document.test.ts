/**
 * docs/PROTOCOL.md and the code say the same: its examples pass the schemas, its tables hold every
 * code and limit.
 */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { z } from "zod";
import { CLOSE } from "./close.ts";
import { CONNECT_PARAMETERS } from "./connect.ts";
import { RESERVED_NAMESPACES } from "./ids.ts";
import * as limits from "./limits.ts";
import { PROBLEMS } from "./problem.ts";
import * as schema from "./schema.ts";

const text = readFileSync(new URL("../../../docs/PROTOCOL.md", import.meta.url), "utf8");

/** The second word after ```json names the schema of each line of the example. */
const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  problem: schema.problemBody,
  "create-account": schema.createAccountBody,
  "account-created": schema.accountCreatedBody,
  account: schema.accountBody,
  rotate: schema.rotateBody,
  rotated: schema.rotatedBody,
  mint: schema.mintBody,
  minted: schema.mintedBody,
  conversations: schema.conversationsBody,
  inspected: schema.inspectedBody,
  "new-link": schema.newLinkBody,
  "create-key": schema.createKeyBody,
  "key-created": schema.keyCreatedBody,
  keys: schema.keysBody,
  "bearer-token": schema.bearerTokenClaims,
  "join-token": schema.joinTokenClaims,
  "account-events": schema.accountEventsBody,
  "account-usage": schema.accountUsageBody,
  "create-link": schema.createLinkBody,
  "link-created": schema.linkCreatedBody,
  links: schema.linksBody,
  "link-made": schema.linkMadeBody,
  "create-webhook": schema.createWebhookBody,
  "webhook-created": schema.webhookCreatedBody,
  webhooks: schema.webhooksBody,
  "opt-in": schema.optInBody,
  deliveries: schema.deliveriesBody,
  offer: schema.offerBody,
  health: schema.healthBody,
  "client-frame": schema.clientFrame,
  "server-frame": schema.serverFrame,
};

const examples = [...text.matchAll(/^```json *(\S*)\n([\s\S]*?)^```/gm)].flatMap(
  ([, name = "", body = ""]) =>
    body
      .trim()
      .split("\n")
      .map((line) => ({ name, line })),
);

test.for(examples)("PROTOCOL.md: the $name example $line is what its schema accepts", (example) => {
  const value = JSON.parse(example.line);
  expect(Object.keys(SCHEMAS)).toContain(example.name);
  expect(SCHEMAS[example.name]?.parse(value)).toEqual(value);
});

test("PROTOCOL.md has an example of every schema and of every frame", () => {
  const names = new Set(examples.map(({ name }) => name));
  expect(names).toEqual(new Set(Object.keys(SCHEMAS)));
  const types = new Set(
    examples.filter(({ name }) => name.endsWith("frame")).map(({ line }) => JSON.parse(line).type),
  );
  const known = schema.serverFrame.options.flatMap((option) => [...option.shape.type.values]);
  expect(types).toEqual(new Set([...known, "set_metadata", "ping"]));
});

test("§6.1 lists every close reason with its code", () => {
  for (const [reason, row] of Object.entries(CLOSE)) {
    expect(text).toContain(`| ${row.code} | \`${reason}\` |`);
  }
});

test("§9.2 lists every error code with its status", () => {
  for (const [code, row] of Object.entries(PROBLEMS)) {
    expect(text).toContain(`| ${row.status} | \`${code}\` |`);
  }
});

test("§9.1 lists every limit with its value", () => {
  for (const [name, value] of Object.entries(limits)) {
    expect(text).toContain(`| \`${name}\` | ${value.toLocaleString("en-US")} |`);
  }
});

test("§3.2 lists every parameter of a connect, and §1.2 every reserved word", () => {
  for (const { header, query } of Object.values(CONNECT_PARAMETERS)) {
    expect(text.toLowerCase()).toContain(`| \`${header}\` | \`${query}\` |`);
  }
  for (const word of RESERVED_NAMESPACES) expect(text).toContain(`\`${word}\``);
});

const clauses = [
  ...text.matchAll(/^\*\*§([\d.]+)\*\*/gm),
  ...text.matchAll(/^\| §(3\.3\.\d+) \|/gm),
].map(([, number = ""]) => number);
const sections = [...text.matchAll(/^##+ §([\d.]+) /gm)].map(([, number = ""]) => number);
const targets = new Set([...clauses, ...sections]);

/** Clause numbers in a text that PROTOCOL.md doesn't have. Citations of an RFC are none of ours. */
function unknownClauses(source: string): readonly string[] {
  const cited = [...source.matchAll(/(?<!RFC \d{4} )§(\d+(?:\.\d+)*)/g)];
  return cited.map(([, number = ""]) => number).filter((number) => !targets.has(number));
}

test("every clause has one number, and every § in the text points at a clause", () => {
  expect(clauses.length).toBe(new Set(clauses).size);
  expect(unknownClauses(text)).toEqual([]);
});

test("every § in the wire's sources and in the conformance suite points at a clause", () => {
  const root = new URL("../../../", import.meta.url);
  const folders = [
    "libs/protocol/src",
    "libs/store/src",
    "libs/directory/src",
    "services/gateway/src",
  ];
  const wrong = [...folders, "services/control/src", "test/conformance"].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => {
        const found = unknownClauses(readFileSync(new URL(`${folder}/${name}`, root), "utf8"));
        return found.map((number) => `${folder}/${name}: §${number}`);
      }),
  );
  expect(wrong).toEqual([]);
});
