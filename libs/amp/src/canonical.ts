/** The canonical text of a payload, whose hash is signed. */
import { createHash } from "node:crypto";
import { type JsonNode, plainNumber } from "./json-text.ts";

type Spelling = {
  readonly number: (raw: string) => string;
  readonly string: (value: string) => string;
};

const PLAIN: Spelling = { number: plainNumber, string: (value) => JSON.stringify(value) };

/**
 * The other readings that clients in the field sign, tried when the canonical one fails: numbers as
 * they were spelled, U+007F escaped, all non-ASCII escaped. No others.
 */
const OTHERS: readonly Spelling[] = [
  { ...PLAIN, number: (raw) => raw },
  { ...PLAIN, string: (value) => JSON.stringify(value).replaceAll("\u007f", "\\u007f") },
  { ...PLAIN, string: (value) => JSON.stringify(value).replace(/[\u0080-\uffff]/g, escapeUnit) },
];

export function canonicalText(node: JsonNode): string {
  return write(node, PLAIN);
}

/** The canonical text, then those of the other readings that differ from it. */
export function readingsOf(node: JsonNode): readonly string[] {
  return [...new Set([PLAIN, ...OTHERS].map((spelling) => write(node, spelling)))];
}

export function hashOf(canonical: string): string {
  return createHash("sha256").update(canonical, "utf8").digest("base64");
}

function write(node: JsonNode, spelling: Spelling): string {
  switch (node.kind) {
    case "object": {
      const sorted = node.entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
      const members = sorted.map(
        ([key, value]) => `${spelling.string(key)}:${write(value, spelling)}`,
      );
      return `{${members.join(",")}}`;
    }
    case "array":
      return `[${node.items.map((item) => write(item, spelling)).join(",")}]`;
    case "string":
      return spelling.string(node.value);
    case "number":
      return spelling.number(node.raw);
    case "literal":
      return String(node.value);
  }
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
