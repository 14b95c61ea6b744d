/** Requests to the service: bounded, and sent again with the same bytes after silence. */
import { canonicalBytes, isJsonObject, type JsonObject, parseStrictText } from "@ams/provenance";
import { MeshError } from "./errors.ts";

/** Tries of one request, and milliseconds between two of them and for one of them. */
const TRIES = 5;
const PAUSE_MS = 200;
const TIMEOUT_MS = 30_000;
/** Bytes of an answer. */
const ANSWER_BYTES_MAX = 268_435_456;

export class Http {
  readonly #base: string;
  readonly #credential: string;

  /** `base`: without a slash at its end. */
  constructor(base: string, credential: string) {
    this.#base = base;
    this.#credential = credential;
  }

  async ask(method: string, path: string, body?: unknown): Promise<JsonObject> {
    const bytes = body === undefined ? null : canonicalBytes(body);
    for (let left = TRIES - 1; ; left -= 1) {
      const answer = await this.#try(method, path, bytes).catch((error: unknown) => {
        if (left === 0) throw error;
        return null;
      });
      if (answer !== null) {
        if (answer.status < 400) return answer.value;
        const error = new MeshError(answer.status, answer.value);
        const isBusy = answer.status === 429 || answer.status === 503;
        if (left === 0 || !isBusy) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async text(path: string): Promise<string> {
    const answer = await this.#fetch("GET", path, null, AbortSignal.timeout(TIMEOUT_MS));
    return await answer.text();
  }

  /** An answer that goes on until `signal`. */
  async stream(path: string, signal: AbortSignal): Promise<Response> {
    return await this.#fetch("GET", path, null, signal);
  }

  async #try(method: string, path: string, bytes: Uint8Array | null) {
    const answer = await this.#fetch(method, path, bytes, AbortSignal.timeout(TIMEOUT_MS));
    const text = await answer.text();
    const parsed = parseStrictText(text === "" ? "{}" : text, { bytes: ANSWER_BYTES_MAX });
    const value = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
    return { status: answer.status, value };
  }

  async #fetch(method: string, path: string, bytes: Uint8Array | null, signal: AbortSignal) {
    const headers = { authorization: `Bearer ${this.#credential}` };
    const body = bytes === null ? {} : { body: Uint8Array.from(bytes) };
    return await fetch(`${this.#base}${path}`, { method, headers, signal, ...body });
  }
}
