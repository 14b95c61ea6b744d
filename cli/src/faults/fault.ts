/**
 * What the command line itself finds wrong, thrown by whoever finds it and reported once, by
 * `fail.ts`.
 */
import type { AmsErrorCode } from "@ams/client";

export type CliFault =
  | "bad_usage" /** The command line, or a value in it. */
  | "no_account" /** A command needs an account, and there is no credential. */
  | "profile_taken" /** The profile holds an account already, which would be lost. */
  | "name_taken" /** Another guest holds the stream name. */
  | "declined" /** The user said no. */
  | "config_unusable" /** The config folder or a profile in it can't be read or written. */
  | "not_text" /** Stdin is not UTF-8. */
  | "file_unusable" /** A file that was named can't be read. */
  | "not_offered" /** This deployment doesn't offer what was asked. */
  | "not_in_a_clone" /** The command starts another package, and there is none around. */
  | "not_built" /** That package is not built. */
  | "unhealthy" /** `doctor` found something that no other code names. */
  | "clock_skew" /** This machine's clock and the deployment's are too far apart. */
  | "machine_limit" /** A load run asks for more than this machine can do. */
  | "internal"; /** A fault of ams itself. */

/**
 * `message` is one sentence and holds no secret; `details` are members of its JSON form. The code
 * is one of the SDK's where the command line only has more to say about it.
 */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliFault | AmsErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: CliFault | AmsErrorCode,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}
