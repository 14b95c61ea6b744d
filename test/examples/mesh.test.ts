// examples/mesh, run as its README says.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runExample } from "./example.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

test("an agent is found by reputation, paid half by half, and one of three attestors lies", async () => {
  const { code, stdout, stderr } = await runExample("mesh", [], { AMS_URL: ams.url }).ended;
  expect(stderr).toBe("");
  const lines = stdout.trim().split("\n");
  const story = lines.slice(1).map((line) => line.replace(/\d+ entries/, "n entries"));
  expect(lines[0]).toMatch(/^Watch it in TinCan: http/);
  expect(story).toEqual([
    "An agent files taxes for 50.00 USD; its reputation is 685.",
    "An agent files taxes for 30.00 USD; its reputation is 230.",
    "Alice delegates to the agent with reputation 685: 50 USD are held.",
    ...["draft_ready", "filed_confirmed"].flatMap((on, at) => [
      `The agent says that ${on} is done.`,
      "An attestor says that it is not. Its vote is signed, and stays.",
      `Two of three say that it is: 25 USD released; it has ${at === 0 ? "180" : "205"}.00 USD now.`,
    ]),
    "Proof of outcome: ok true. zkml: verified false, attestors instead.",
    "The bundle of it all holds without the service: true, in a log of n entries.",
  ]);
  expect(code).toBe(0);
});
