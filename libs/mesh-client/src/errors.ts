/** What a mesh refuses, and what a reader of it finds wrong. */

export class MeshError extends Error {
  override readonly name = "MeshError";
  /** A code of the service, or `fork` and `forged` for what the client found itself. */
  readonly code: string;
  readonly status: number;
  /** The same bytes may be sent again. */
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, error: Readonly<Record<string, unknown>>) {
    super(`${String(error.error)}: ${String(error.message)}`);
    this.code = String(error.error);
    this.status = status;
    this.retryable = error.retryable === true;
    this.details = error;
  }
}

export function forged(message: string): MeshError {
  return new MeshError(0, { error: "forged", message, retryable: false });
}
