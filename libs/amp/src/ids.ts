/** Ids of messages, attachments and quarantined messages. */
import { randomBytes } from "node:crypto";
import { ID_CHARACTERS_MAX } from "./limits.ts";

export type IdKind = "msg" | "att" | "qtn";

const SHAPES: Readonly<Record<IdKind, RegExp>> = {
  msg: /^msg[_-][0-9]+[_-][A-Za-z0-9]+$/,
  att: /^att[_-][0-9]+[_-][A-Za-z0-9]+$/,
  qtn: /^qtn[_-][0-9]+[_-][A-Za-z0-9]+$/,
};

export function makeId(kind: IdKind, nowMs: number): string {
  return `${kind}_${Math.floor(nowMs / 1_000)}_${randomBytes(8).toString("hex")}`;
}

export function isId(kind: IdKind, value: unknown): value is string {
  return typeof value === "string" && value.length <= ID_CHARACTERS_MAX && SHAPES[kind].test(value);
}
