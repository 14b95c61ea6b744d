/** Metadata on its way out: checked here, so that a mistake is an error and not a closed connection. */
import { METADATA_BYTES_MAX, type ProblemCode, readJson } from "@ams/protocol";
import { AmsError } from "../errors.ts";
import { isFields } from "../fields.ts";

/** The JSON text of metadata. Throws `code` when it is no object, not JSON, nested too deep or over 16,384 bytes (§4.3.2). */
export function metadataText(metadata: unknown, code: ProblemCode): string {
  const json = isFields(metadata) ? readJson(stringify(metadata)) : null;
  if (json === null) throw new AmsError(code, "Metadata is an object that can be written as JSON.");
  if (json.bytes > METADATA_BYTES_MAX) {
    throw new AmsError(
      code,
      `Metadata holds at most ${METADATA_BYTES_MAX} bytes of JSON and this has ${json.bytes}.`,
    );
  }
  return json.text;
}

function stringify(value: object): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return ""; // A cycle or a bigint: no JSON.
  }
}
