/** The version of the command line, as package.json has it. */
import { readFileSync } from "node:fs";

/** Set by the bundle, which has no package.json beside it. */
declare const AMS_VERSION: string | undefined;

export const VERSION: string = typeof AMS_VERSION === "string" ? AMS_VERSION : versionOfPackage();

function versionOfPackage(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return String(Object(JSON.parse(text)).version);
}
