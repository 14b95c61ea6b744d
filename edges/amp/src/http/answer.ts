/** Answers and refusals. A refusal says what to do, and never a secret or another's data. */
import { type AmpFault, FAULT_STATUS } from "@ams/amp";

export type Answer = {
  readonly status: number;
  /** JSON text, or bytes with a type of their own. */
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream;
  readonly headers?: Readonly<Record<string, string>>;
};

export type RefusalMore = {
  /** Dotted path of the field. */
  readonly field?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retry_after?: number;
  /** Members at the top, beside `error`. */
  readonly top?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Refusal = Answer & { readonly fault: AmpFault };

export function answer(value: unknown, status = 200): Answer {
  return { status, body: JSON.stringify(value) };
}

export function refuse(fault: AmpFault, message: string, more: RefusalMore = {}): Refusal {
  const { top, headers = {}, ...members } = more;
  const retry: Record<string, string> = {};
  if (more.retry_after !== undefined) retry["retry-after"] = String(more.retry_after);
  if (fault === "unavailable") retry["retry-after"] = "1";
  return {
    fault,
    status: FAULT_STATUS[fault],
    body: JSON.stringify({ error: fault, message, ...members, ...top }),
    headers: { ...retry, ...headers },
  };
}

/** A field that is absent or null, or that doesn't do. */
export function badField(field: string, isMissing: boolean, message: string): Refusal {
  return refuse(isMissing ? "missing_field" : "invalid_field", message, { field });
}

export type Step<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

export function good<Value>(value: Value): Step<Value> {
  return { ok: true, value };
}

export function bad(refusal: Refusal): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal };
}
