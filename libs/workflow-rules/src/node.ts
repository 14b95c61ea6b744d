/** A message of the log, as far as its place and its sender are concerned. */
import type { MessageType } from "./words.ts";

/** A message as the graph shows it. */
export type Node = {
  readonly seq: number;
  readonly at: number;
  readonly msg: string;
  readonly id: string;
  readonly type: MessageType;
  readonly op: string;
  readonly run: string;
  readonly epoch: number;
  readonly step: string;
  readonly branch: string;
  readonly node: string;
  readonly parents: readonly string[];
  readonly did: string;
  readonly account: string | null;
  /** Bytes and digest of its body. */
  readonly size: number;
  readonly body: string;
};
