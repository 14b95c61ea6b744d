// examples/amp-curl, run as its README says.
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runProgram } from "./example.ts";

let ams: Standalone;
let port: number;
beforeAll(async () => {
  port = await freePort();
  ams = await startStandalone({ AMS_AMP_PORT: String(port) });
});
afterAll(() => ams.stop());

test("openssl and curl register, send, poll, verify, reply, acknowledge", async () => {
  const env = { AMS_MAIL_URL: `http://127.0.0.1:${port}` };
  const run = await runProgram("bash", ["examples/amp-curl/amp-curl.sh"], env).ended;
  const { code, stdout, stderr } = run;
  const steps = stdout.split(/^## .*\n/m).slice(1);
  const [who, sent, polled, verified, reply, acked, wrong, socket] = steps.map((step) =>
    step.trim().split("\n"),
  );
  expect(who).toEqual([
    expect.stringMatching(/^alice@curl-\d+\.ams\.local$/),
    expect.stringMatching(/^bob@curl-\d+\.ams\.local$/),
  ]);
  const { id, status } = JSON.parse(sent?.[0] ?? "");
  expect(status).toBe("queued");
  const { messages } = JSON.parse(polled?.[0] ?? "");
  expect(messages).toMatchObject([
    { id, payload: { message: "How are you?" }, local: { verified: true } },
  ]);
  expect(verified?.[0]).toMatch(/Signature Verified Successfully/);
  expect(JSON.parse(reply?.[0] ?? "")).toMatchObject({ status: "queued" });
  expect(reply?.[1]).toBe(id);
  expect(acked?.map((line) => JSON.parse(line))).toEqual([
    { acknowledged: true },
    { count: 0, oldest_queued_at: null },
  ]);
  expect(wrong).toEqual(["401", "signature_invalid"]);
  expect(socket?.[0]).toBe("101");
  expect(stdout + stderr).not.toContain("amp_live_sk_");
  expect(code).toBe(0);
});
