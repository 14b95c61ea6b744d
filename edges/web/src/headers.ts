/** The headers of every answer: nothing from elsewhere, nothing inline, no referrer. */

/**
 * Scripts, styles, fonts and sockets of this origin only. Trusted types without any policy: a text
 * can't become markup, whoever wrote it. The images are the icon and the pictures on the home page:
 * a QR code is drawn in the page itself.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

export const COMMON_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
  "x-robots-tag": "noindex",
};

/** An answer that holds a link: kept nowhere, and another one for whoever accepts other things. */
export const SECRET_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  vary: "accept, sec-fetch-dest, user-agent",
};

/** A file whose name changes with its content: a year. */
export const IMMUTABLE = "public, max-age=31536000, immutable";
