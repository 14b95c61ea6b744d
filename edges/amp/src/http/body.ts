/** Reads the body of a request, no more of it than is taken. */
import { BODY_BYTES_MAX, JSON_VALUES_MAX, type JsonText, readJson } from "@ams/amp";
import { bad, good, refuse, type Step } from "./answer.ts";

export async function readBytes(request: Request, bytesMax: number): Promise<Step<Buffer>> {
  const tooLarge = () =>
    bad(refuse("payload_too_large", `The body may have at most ${bytesMax} bytes.`));
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return tooLarge();
  if (request.body === null) return good(Buffer.alloc(0));
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return good(Buffer.concat(chunks));
    bytes += value.byteLength;
    if (bytes > bytesMax) {
      await reader.cancel().catch(() => {});
      return tooLarge();
    }
    chunks.push(value);
  }
}

export function readBody(request: Request): Promise<Step<Buffer>> {
  return readBytes(request, BODY_BYTES_MAX);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The JSON object that a body is; an empty body is an empty object where that is enough. */
export function parseObject(bytes: Buffer, isEmptyGood = false): Step<JsonText> {
  const refusal = (message: string) => bad(refuse("invalid_request", message));
  if (bytes.length === 0 && isEmptyGood) return parseObject(Buffer.from("{}"));
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return refusal("The body is not UTF-8.");
  }
  const read = readJson(text);
  if (!read.ok) {
    switch (read.fault) {
      case "malformed":
        return refusal("The body is not JSON, or has a number that no double holds.");
      case "too_deep":
        return refusal("The body is nested deeper than 64 levels.");
      case "too_many":
        return refusal(`The body has more than ${JSON_VALUES_MAX} values.`);
      case "repeated":
        return refusal("The body has an object with the same key twice.");
    }
  }
  if (read.json.root.kind !== "object") return refusal("The body must be a JSON object.");
  return good(read.json);
}
