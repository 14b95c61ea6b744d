// Runs in a pod of mcp, by its standard input: writes what a backup must hold, or reads it again.
const { createAccount, join } = await import("/ams/libs/client/node.js");
const ENTRY_URL = "http://ams-entry:8080";
const [step, given] = process.argv.slice(-2);
/** Milliseconds in which kept frames come. */
const WAIT_MS = 60_000;

const answer = step === "write" ? await write() : await read(JSON.parse(given));
console.log(JSON.stringify(answer));
process.exit(0);

async function write() {
  const namespace = `backup-${process.pid}`;
  const { credential } = await createAccount(ENTRY_URL, { namespace });
  const minted = await fetch(`${ENTRY_URL}/v1/${namespace}/conversations`, {
    method: "POST",
    headers: { authorization: `Bearer ${credential}`, "content-type": "application/json" },
    body: JSON.stringify({ replay: { ttl_s: 3_600, max_bytes: 1_048_576 } }),
  });
  const { pathname, search } = new URL((await minted.json()).magic_link);
  const link = new URL(pathname + search, ENTRY_URL).href;
  const writer = await join(link, { credential, streamName: "writer", receipts: true });
  for (const number of [1, 2, 3]) await writer.send(String(number));
  await writer.close();
  return { credential, link, posted: await post(link, credential) };
}

async function read({ credential, link, posted }) {
  const headers = { authorization: `Bearer ${credential}` };
  const { status } = await fetch(`${ENTRY_URL}/v1/account`, { headers });
  const kept = [];
  const reader = await join(link, { guest: true, streamName: "reader", last: 100 });
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`Only ${kept} came.`)), WAIT_MS);
    reader.on("token", ({ data, streamName }) => {
      if (streamName === "writer") kept.push(Number(data));
      if (kept.length === 3) resolve();
    });
  });
  return { account: status, kept, sameAnswer: (await post(link, credential)) === posted };
}

/** One message by the feed, whose answer to this key is in redis-durable. */
async function post(link, credential) {
  const { origin, pathname, search } = new URL(link);
  const sent = await fetch(`${origin}${pathname}/streams/poster${search}`, {
    method: "POST",
    headers: { authorization: `Bearer ${credential}`, "idempotency-key": "once" },
    body: "posted once",
  });
  const text = await sent.text();
  if (!sent.ok) throw new Error(`The feed answered ${sent.status}: ${text}`);
  return text;
}
