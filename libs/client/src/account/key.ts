/** Keys of an account: credentials with a name, scopes and an end (§2.2.8 to §2.2.10). */
import { type Fields, fieldsOf, listAt, textAt, textOrNullAt } from "../fields.ts";

/**
 * `join` connects; `read` lists and inspects; `mint` mints conversations and makes links; `full`
 * does all that the account's own credential does (§2.2.9).
 */
export type KeyScope = "join" | "read" | "mint" | "full";

/** A key without its secret. */
export type Key = {
  readonly keyId: string;
  readonly name: string;
  /** Each a `KeyScope`, or one that a later deployment has. */
  readonly scopes: readonly string[];
  /** ISO 8601; null for a key without an end. */
  readonly expiresAt: string | null;
  /** ISO 8601. */
  readonly createdAt: string;
};

/** A key that was just made: its credential is shown here and never again. */
export type CreatedKey = Key & { readonly credential: string };

export type ListedKey = Key & {
  /** ISO 8601, exact to 10 s; null before any use. */
  readonly lastUsedAt: string | null;
};

export function readCreatedKey(fields: Fields): CreatedKey {
  return { ...readKey(fields), credential: textAt(fields, "credential") };
}

export function readKeys(fields: Fields): readonly ListedKey[] {
  return listAt(fields, "keys").map((item) => {
    const key = fieldsOf(item);
    return { ...readKey(key), lastUsedAt: textOrNullAt(key, "last_used_at") };
  });
}

function readKey(fields: Fields): Key {
  return {
    keyId: textAt(fields, "key_id"),
    name: textAt(fields, "name"),
    scopes: listAt(fields, "scopes").map(String),
    expiresAt: textOrNullAt(fields, "expires_at"),
    createdAt: textAt(fields, "created_at"),
  };
}
