// Runs the conformance suite against a deployment that is running already:
//   npm run conformance -- --url http://127.0.0.1:8080[,http://gateway-2:8080] [vitest arguments]
// The first URL is where the control plane answers. With several, sockets go to each of them in
// turn, or to those of --gateways. Exit code: vitest's; 2 when the arguments are wrong or nobody
// answers as an AMS.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const here = import.meta.dirname;
const { urls, gateways, rest } = readArguments(process.argv.slice(2));

await checkOffer(urls[0]);
const vitest = join(
  dirname(createRequire(import.meta.url).resolve("vitest/package.json")),
  "vitest.mjs",
);
const child = spawn(
  process.execPath,
  [vitest, "run", "--config", join(here, "vitest.config.ts"), ...rest],
  {
    stdio: "inherit",
    env: {
      ...process.env,
      AMS_CONFORMANCE_URL: urls[0],
      AMS_CONFORMANCE_URLS: (gateways ?? urls).join(","),
    },
  },
);
child.on("exit", (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 1;
});

function readArguments(words) {
  const left = [...words];
  const take = (name) => {
    const at = left.findIndex((word) => word === name || word.startsWith(`${name}=`));
    if (at < 0) return null;
    const [word = ""] = left.splice(at, 1);
    const value = word.includes("=") ? word.slice(word.indexOf("=") + 1) : left.splice(at, 1)[0];
    return (value ?? "").split(",").filter((url) => url !== "");
  };
  const gateways = take("--gateways") ?? fromEnvironment("AMS_CONFORMANCE_URLS");
  const urls = take("--url") ?? fromEnvironment("AMS_CONFORMANCE_URL") ?? [];
  if (urls.length === 0 || ![...urls, ...(gateways ?? [])].every((url) => URL.canParse(url))) {
    fail("Say which AMS to try: --url http://127.0.0.1:8080 (several gateways: comma separated).");
  }
  return { urls, gateways, rest: left };
}

function fromEnvironment(name) {
  const value = process.env[name];
  return value ? value.split(",") : null;
}

async function checkOffer(url) {
  const address = `${url.replace(/\/+$/, "")}/v1`;
  let answer;
  try {
    answer = await fetch(address, { signal: AbortSignal.timeout(10_000) });
  } catch {
    fail(`Nobody answers at ${address}: is the AMS running there?`);
  }
  const offer = await answer.json().catch(() => null);
  if (
    answer.status !== 200 ||
    !Array.isArray(offer?.features) ||
    typeof offer?.limits !== "object"
  ) {
    fail(
      `${address} answered ${answer.status}, but not as an AMS does: there is another program there.`,
    );
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exit(2);
}
