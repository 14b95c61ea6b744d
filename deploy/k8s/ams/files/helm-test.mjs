// `helm test`: an account, a link, two subscribers on different gateways, tokens both ways, a
// takeover, an MCP call and the page, with nothing but Node. Each step that fails ends the test with
// a sentence about it.
import { randomBytes } from "node:crypto";
import { lookup } from "node:dns/promises";
import { setTimeout as pause } from "node:timers/promises";

const { ENTRY_URL, GATEWAYS, HAS_WEB, HAS_MCP, SIGNUP, ANY_HOST } = process.env;
/** Milliseconds that a step may take: a release that has just become ready is still starting. */
const STEP_MS = 30_000;

await step("the entry reaches control", async () => {
  for (;;) {
    const isUp = await fetch(`${ENTRY_URL}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await pause(500);
  }
});
if (SIGNUP !== "open") {
  console.log(`Sign-up is ${SIGNUP}: nothing more can be tested without an account.`);
  process.exit(0);
}
const namespace = `helm-test-${randomBytes(4).toString("hex")}`;
/** Empty until there is an account. */
let account = "";
account = await step("an account is created", () =>
  post("/v1/accounts", { namespace }).then(({ credential }) => credential),
);
const link = await step("a magic link is minted", () =>
  post(`/v1/${namespace}/conversations`, {}).then(({ magic_link }) => new URL(magic_link)),
);
const bases = await step("gateways are found", gatewayBases);
const ann = await step("one joins", () => join("ann", bases[0]));
const bob = await step("another joins", () => join("bob", bases.at(-1)));
await step("tokens go both ways", async () => {
  ann.say("from ann");
  bob.say("from bob");
  await Promise.all([bob.hears("from ann"), ann.hears("from bob")]);
});
await step("the stream is taken over on another gateway, and goes on", async () => {
  const again = await join("ann", bases.at(-1));
  if (again.joined.resumed !== true) throw new Error("it is another stream");
  const { code } = await ann.closed;
  if (code !== 4001) throw new Error(`the earlier connection was closed ${code}`);
  again.say("from ann again");
  await bob.hears("from ann again");
  again.close();
});
bob.close();
if (HAS_MCP === "true") await step("an agent connects by MCP", initialize);
if (HAS_WEB === "true") await step("the link opens as a page", page);
await step("the account is deleted", async () => {
  const answer = await ask("/v1/account", { method: "DELETE" });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
});
const where = bases.length > 1 ? `${bases.length} gateways` : "one gateway address";
console.log(`Everything works, on ${where}.`);
process.exit(0);

/** Each gateway by its own address, so that two joins are on two of them; else the entry. */
async function gatewayBases() {
  // Where gateways answer to some host names only, their addresses aren't among them.
  if (ANY_HOST !== "true") return [ENTRY_URL];
  const bases = GATEWAYS.split(",").map(async (at) => {
    const [host, port] = at.split(":");
    const found = await lookup(host, { all: true });
    return found.map(({ address, family }) =>
      family === 6 ? `http://[${address}]:${port}` : `http://${address}:${port}`,
    );
  });
  return (await Promise.all(bases)).flat();
}

function join(name, base) {
  const url = new URL(`${link.pathname}/connect${link.search}`, base);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("stream_name", name);
  const socket = new WebSocket(url, ["ams.v1", `ams.bearer.${account}`]);
  const heard = [];
  let wake = () => {};
  const closed = new Promise((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  const refused = closed.then(({ code, reason }) => {
    throw new Error(`closed ${code} ${reason}`);
  });
  const joined = new Promise((resolve) => {
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "joined") resolve(frame);
      if (frame.type === "token") heard.push(frame.data);
      wake();
    });
  });
  const hears = async (data) => {
    while (!heard.includes(data)) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  };
  const say = (data) => socket.send(JSON.stringify({ type: "token", data }));
  const close = () => socket.close();
  return Promise.race([joined, refused]).then((frame) => ({
    joined: frame,
    closed,
    hears,
    say,
    close,
  }));
}

async function initialize() {
  const body = {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "helm-test", version: "1.0.0" },
    },
  };
  const answer = await fetch(new URL(link.pathname + link.search, ENTRY_URL), {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok || !text.includes("serverInfo")) throw new Error(`status ${answer.status}`);
}

async function page() {
  const answer = await fetch(new URL(link.pathname + link.search, ENTRY_URL), {
    headers: { accept: "text/html" },
  });
  const isPage = (answer.headers.get("content-type") ?? "").startsWith("text/html");
  if (!answer.ok || !isPage) throw new Error(`status ${answer.status}`);
}

async function post(path, body) {
  const answer = await ask(path, { method: "POST", body: JSON.stringify(body) });
  const text = await answer.text();
  // The answer may hold a secret: only a refusal is shown.
  if (!answer.ok) throw new Error(`status ${answer.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

function ask(path, options) {
  const own = account !== "" ? { authorization: `Bearer ${account}` } : {};
  return fetch(new URL(path, ENTRY_URL), {
    ...options,
    headers: { "content-type": "application/json", ...own },
  });
}

async function step(what, act) {
  const late = pause(STEP_MS, null, { ref: false }).then(() => {
    throw new Error(`nothing within ${STEP_MS / 1000} s`);
  });
  try {
    const result = await Promise.race([act(), late]);
    console.log(`ok: ${what}`);
    return result;
  } catch (error) {
    console.error(`FAILED: ${what}: ${error.message}`);
    process.exit(1);
  }
}
