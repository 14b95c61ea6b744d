/** A credential, as a caller gives it. */
import { isBearerToken } from "@ams/protocol";
import { AmsError } from "../errors.ts";

/** Throws `invalid_credential` for text that can't be one, before it is sent anywhere. */
export function checkCredential(text: string): void {
  if (!isBearerToken(text)) {
    throw new AmsError(
      "invalid_credential",
      "The credential is not whole: it is ams_sk_ and 43 more characters, or a signed token.",
    );
  }
}
