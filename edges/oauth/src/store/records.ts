/**
 * What the authorization server keeps: texts under keys, each with an end. Secrets are never in
 * them but hashed or sealed.
 *
 * | key | value | ends |
 * |---|---|---|
 * | `client:<id>` | a registered client | after `CLIENT_S` without a use |
 * | `document:<hash of its URL>` | a client's metadata document | after `DOCUMENT_S` |
 * | `code:<hash>` | a consent, or that its code was used | after `CODE_S` or `USED_CODE_S` |
 * | `grant:<id>` | the key behind a grant, sealed, and the hash of its refresh token | `GRANT_S` |
 */
export interface Records {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, ttlS: number): Promise<void>;
  /** Of any number who replace the same value at once exactly one is true. */
  swap(key: string, before: string, after: string, ttlS: number): Promise<boolean>;
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}
