/** The hash of terms that parties agree on (M5.3). */
import { hashTagged, type JsonObject } from "@ams/provenance";

export function termsHash(terms: JsonObject): string {
  return hashTagged("ams-mesh", "terms", terms);
}
