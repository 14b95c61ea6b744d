import { expect, test } from "vitest";
import { negotiate } from "./negotiate.ts";

const CHROME =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

test.each([
  ["a browser", { accept: CHROME }, "text/html"],
  ["a browser that says only */*", { accept: "*/*", "user-agent": "Mozilla/5.0" }, "text/html"],
  ["a browser that says nothing", { "sec-fetch-dest": "document" }, "text/html"],
  [
    "a script of a page",
    { accept: "*/*", "sec-fetch-dest": "empty", "user-agent": "Mozilla/5.0" },
    "text/markdown",
  ],
  ["curl", { accept: "*/*", "user-agent": "curl/8" }, "text/markdown"],
  ["nobody in particular", {}, "text/markdown"],
  ["who wants Markdown", { accept: "text/markdown" }, "text/markdown"],
  ["who wants plain text", { accept: "text/plain" }, "text/plain"],
  ["who shouts", { accept: "TEXT/PLAIN" }, "text/plain"],
  ["who likes plain text less", { accept: "text/markdown, text/plain;q=0.1" }, "text/markdown"],
  [
    "a browser that refuses HTML",
    { accept: "text/html;q=0", "user-agent": "Mozilla/5.0" },
    "text/markdown",
  ],
  ["who wants JSON", { accept: "application/json" }, "application/json"],
  ["who prefers JSON", { accept: "text/html;q=0.5, application/json" }, "application/json"],
  ["who prefers Markdown", { accept: "text/html;q=0.8, text/markdown;q=0.9" }, "text/markdown"],
  ["who refuses HTML", { accept: "text/html;q=0, application/json;q=0.1" }, "application/json"],
  ["an agent's fetcher", { accept: "text/markdown, text/html;q=0.9, */*;q=0.1" }, "text/markdown"],
  ["who likes all equally", { accept: "application/json, text/html" }, "text/html"],
  ["who writes nonsense", { accept: ";;,,q=x,text/html;q=many" }, "text/markdown"],
  ["who wants pictures", { accept: "image/png" }, "text/markdown"],
])("%s gets what it wants", (_who, headers, wanted) => {
  expect(negotiate(new Headers(headers))).toBe(wanted);
});
