/** What somebody else threw, as an error of ours. */
import { AmsError, type AmsErrorCode } from "./errors.ts";

/** An AmsError as it is; anything else as the cause of one with this code. */
export function toAmsError(error: unknown, code: AmsErrorCode, message: string): AmsError {
  return error instanceof AmsError ? error : new AmsError(code, message, { cause: error });
}
