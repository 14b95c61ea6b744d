import { expect, test } from "vitest";
import { negotiate } from "./negotiate.ts";

const CHROME =
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

test.each([
  ["a browser", { accept: CHROME }, "page"],
  ["a browser that says only */*", { accept: "*/*", "user-agent": "Mozilla/5.0" }, "page"],
  ["a browser that says nothing", { "sec-fetch-dest": "document" }, "page"],
  [
    "a script of a page",
    { accept: "*/*", "sec-fetch-dest": "empty", "user-agent": "Mozilla/5.0" },
    "instructions",
  ],
  ["curl", { accept: "*/*", "user-agent": "curl/8" }, "instructions"],
  ["nobody in particular", {}, "instructions"],
  ["who wants Markdown", { accept: "text/markdown" }, "instructions"],
  ["who wants plain text", { accept: "text/plain" }, "instructions"],
  ["who wants JSON", { accept: "application/json" }, "json"],
  ["who prefers JSON", { accept: "text/html;q=0.5, application/json" }, "json"],
  ["who prefers Markdown", { accept: "text/html;q=0.8, text/markdown;q=0.9" }, "instructions"],
  ["who refuses HTML", { accept: "text/html;q=0, application/json;q=0.1" }, "json"],
  ["an agent's fetcher", { accept: "text/markdown, text/html;q=0.9, */*;q=0.1" }, "instructions"],
  ["who likes all equally", { accept: "application/json, text/html" }, "page"],
  ["who writes nonsense", { accept: ";;,,q=x,text/html;q=many" }, "instructions"],
  ["who wants pictures", { accept: "image/png" }, "instructions"],
])("%s gets what it wants", (_who, headers, wanted) => {
  expect(negotiate(new Headers(headers))).toBe(wanted);
});
