/** What an account has used, by the hour (§2.10.5, §2.10.6). */
import { type Fields, fieldsOf, listAt, numberAt, textAt } from "../fields.ts";

/** One hour in which anything was used. */
export type UsageHour = {
  /** When it began: ISO 8601. */
  readonly hour: string;
  /** Tokens that the account's streams sent. */
  readonly tokensIn: number;
  /** Bytes of those tokens. */
  readonly bytesIn: number;
  /** Frames that were handed to sockets. */
  readonly deliveries: number;
  /** Bytes of those frames. */
  readonly bytesOut: number;
  /** Seconds of all its connections together. */
  readonly connectionS: number;
  /** The most streams at a time. */
  readonly peakStreams: number;
  /** Bytes that were read for it from what conversations keep. */
  readonly replayBytes: number;
};

export function readUsage(fields: Fields): readonly UsageHour[] {
  return listAt(fields, "hours").map((item) => {
    const hour = fieldsOf(item);
    return {
      hour: textAt(hour, "hour"),
      tokensIn: numberAt(hour, "tokens_in"),
      bytesIn: numberAt(hour, "bytes_in"),
      deliveries: numberAt(hour, "deliveries"),
      bytesOut: numberAt(hour, "bytes_out"),
      connectionS: numberAt(hour, "connection_s"),
      peakStreams: numberAt(hour, "peak_streams"),
      replayBytes: numberAt(hour, "replay_bytes"),
    };
  });
}
