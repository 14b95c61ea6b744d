/**
 * How a store answers: an expected fault is a value, a store that can't be reached in time is a
 * rejection.
 */

export type Outcome<Value, Fault extends string> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: Fault };

/**
 * The store did not answer, or not in time. The name in logs is that of `@ams/directory`, which
 * exports it so.
 */
export class StoreUnavailable extends Error {
  override readonly name = "DirectoryUnavailable";
  /** The store answers, but has no memory for anything new: what ends something still works. */
  readonly isFull: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isFull?: boolean } = {}) {
    super(message, options);
    this.isFull = options.isFull ?? false;
  }
}
