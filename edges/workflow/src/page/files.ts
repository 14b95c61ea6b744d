/** The page of a run: its own, with a strict policy, and files of its own. */
import { reject } from "../answers.ts";

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
};

export function runPage(): Response {
  return reject("not_found");
}

export function pageFile(_name: string): Response {
  return reject("not_found");
}

export { HEADERS };
