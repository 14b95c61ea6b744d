/** What the command line itself finds wrong, thrown by whoever finds it and told once, by `fail.ts`. */

export type CliFault =
  | "bad_usage" /** The command line, or a value in it. */
  | "no_account" /** A command needs an account, and there is no credential. */
  | "profile_taken" /** The profile holds an account already, which would be lost. */
  | "config_unusable" /** The config folder or a profile in it can't be read or written. */
  | "not_text" /** Stdin is not UTF-8. */
  | "file_unusable" /** A file that was named can't be read. */
  | "not_offered" /** This deployment doesn't offer what was asked. */
  | "not_in_a_clone" /** The command starts another package, and there is none around. */
  | "not_built" /** That package is not built. */
  | "unhealthy"; /** `doctor` found something that no other code names. */

/** `message` is one sentence and holds no secret; `details` are members of its JSON form. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliFault;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: CliFault,
    message: string,
    details: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}
