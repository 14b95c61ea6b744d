/**
 * Metadata on its way out: checked here, so that a mistake is an error and not a closed connection.
 */
import { JSON_DEPTH_MAX, METADATA_BYTES_MAX, type ProblemCode, utf8Bytes } from "@ams/protocol";
import { AmsError } from "../errors.ts";
import { type Fields, isFields } from "../fields.ts";

/** Levels of objects and arrays in metadata: the frame around it is one more (§1.8). */
const LEVELS_MAX = JSON_DEPTH_MAX - 1;

/** Metadata as it goes out: its JSON text, and a copy that its author can't change any more. */
export type OwnMetadata = { readonly text: string; readonly copy: Fields };

/** Throws `code` when it is no object, not JSON, nested too deep or over 16,384 bytes (§4.3.2). */
export function readMetadata(metadata: unknown, code: ProblemCode): OwnMetadata {
  const text = isFields(metadata) ? stringify(metadata) : "";
  const copy: unknown = text === "" ? null : JSON.parse(text);
  if (!isFields(copy) || isDeeper(copy, LEVELS_MAX)) {
    throw new AmsError(code, "Metadata is an object that can be written as JSON.");
  }
  const bytes = utf8Bytes(text);
  if (bytes > METADATA_BYTES_MAX) {
    throw new AmsError(
      code,
      `Metadata holds at most ${METADATA_BYTES_MAX} bytes of JSON and this has ${bytes}.`,
    );
  }
  return { text, copy };
}

function stringify(value: object): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return ""; // A cycle or a bigint: no JSON.
  }
}

/** True for a value that is nested in more levels of objects and arrays than these (§1.8). */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}
