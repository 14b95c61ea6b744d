import { expect, test } from "vitest";
import { readBody } from "./body.ts";
import { checkBounds, DEPTH_MAX, SIGNS_MAX } from "./json-bounds.ts";

const nest = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

test("a body is as deep and has as many signs as it may, and not one more", () => {
  expect(checkBounds(nest(DEPTH_MAX)).fault).toBeNull();
  expect(checkBounds(nest(DEPTH_MAX + 1)).fault).toBe("too_deep");
  expect(checkBounds(`[${"0,".repeat(SIGNS_MAX - 2)}0]`).fault).toBeNull();
  expect(checkBounds(`[${"0,".repeat(SIGNS_MAX - 1)}0]`).fault).toBe("too_many_signs");
});

test("signs in strings are none, however the string is written, and no text makes it throw", () => {
  expect(checkBounds(JSON.stringify({ a: '"[{'.repeat(100_000), 'b\\"': "\\" })).fault).toBeNull();
  for (const text of ['"', '"\\', "\\", "]]]]", '{"a', '"\\u0022[', "", '["\\\\"]']) {
    expect(checkBounds(text).fault, text).toBeNull();
  }
});

test("a megabyte of empty arrays is refused before it is parsed", async () => {
  const request = new Request("http://ams.example/mcp", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: `[${"[],".repeat(340_000)}[]]`,
  });
  const body = await readBody(request);
  expect(body.ok).toBe(false);
  if (!body.ok) {
    expect(body.response.status).toBe(400);
    expect(await body.response.text()).toContain("24576 signs");
  }
});
