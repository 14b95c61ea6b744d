// Runs in a pod, from the image of mcp, whose SDK it uses: conversations with a writer and readers,
// through the entry's Service, while the test does something to the release. Says `loading` once
// all have joined, and at the end one JSON line: what readers lost of what was receipted, the
// longest silence of each, and what they were notified of.
import { setTimeout as pause } from "node:timers/promises";

const { createAccount, health, join, offer } = await import("/ams/libs/client/node.js");
const { ENTRY_URL } = process.env;
const [CONVERSATIONS, READERS, SECONDS] = ["CONVERSATIONS", "READERS", "SECONDS"].map((name) =>
  Number(process.env[name]),
);
/** Milliseconds between two tokens of a writer: the resolution of a silence. */
const EVERY_MS = 25;
/** Milliseconds after the last token in which everything must have come. */
const SETTLE_MS = 8_000;

await health(ENTRY_URL);
const offered = await offer(ENTRY_URL);
const isKept = JSON.stringify(offered).includes('"replay"');
const namespace = `load-${process.pid}-${Date.now().toString(36)}`;
const account = await createAccount(ENTRY_URL, { namespace });
const conversations = [];
/** Requests by the entry to what no test touches: what the machine itself does to a client. */
const CONTROLS = 4;
/** Milliseconds between two requests of one of them. */
const CONTROL_EVERY_MS = 50;
/** Milliseconds between two joins whose time is taken. */
const JOIN_EVERY_MS = 1_000;
for (let index = 0; index < CONVERSATIONS; index += 1) conversations.push(await open(index));
/** Milliseconds at the beginning in which nothing is done to the release: the control. */
const CALM_MS = 5_000;
const calmUntil = performance.now() + CALM_MS;
setTimeout(() => console.log("loading"), CALM_MS);
const endsAt = Date.now() + SECONDS * 1_000;
const controls = Array.from({ length: CONTROLS }, () => ({ calmMs: 0, silenceMs: 0 }));
const joins = { calmMs: [], busyMs: [] };
await Promise.all([
  ...conversations.map((one) => write(one, endsAt)),
  ...controls.map((one) => ask(one, endsAt)),
  timeJoins(conversations[0].link, endsAt),
]);
await pause(SETTLE_MS);
const readers = conversations.flatMap((one) => one.readers.map((reader) => judge(one, reader)));
const sum = (name) => readers.reduce((total, reader) => total + reader[name], 0);
console.log(
  JSON.stringify({
    replay: isKept,
    readers: readers.length,
    receipted: conversations.reduce((total, { receipted }) => total + receipted.length, 0),
    unknown: conversations.reduce((total, { unknown }) => total + unknown, 0),
    lost: readers.reduce((total, { lost }) => total + lost.length, 0),
    disordered: sum("disordered"),
    unnoticed: readers
      .filter(({ lost, gaps }) => lost.length > 0 && gaps === 0)
      .map(({ streamName, lost, reconnects }) => [streamName, reconnects, ...lost].join(" ")),
    drains: sum("drains"),
    reconnects: sum("reconnects"),
    closed: sum("closed"),
    calmMs: spread(readers.map(({ calmMs }) => calmMs)),
    silenceMs: spread(readers.map(({ silenceMs }) => silenceMs)),
    controlCalmMs: spread(controls.map(({ calmMs }) => calmMs)),
    controlSilenceMs: spread(controls.map(({ silenceMs }) => silenceMs)),
    joinCalmMs: spread(joins.calmMs),
    joinBusyMs: spread(joins.busyMs),
  }),
);
process.exit(0);

function spread(values) {
  const all = values.toSorted((a, b) => a - b);
  const at = (share) => all[Math.min(all.length - 1, Math.floor(share * all.length))];
  return { p50: at(0.5) ?? 0, p99: at(0.99) ?? 0, max: all.at(-1) ?? 0 };
}

/** The longest time between two answers, as a reader's between two tokens. */
async function ask(control, endsAtMs) {
  let lastAt = performance.now();
  while (Date.now() < endsAtMs) {
    const answer = await fetch(`${ENTRY_URL}/healthz`).catch(() => null);
    await answer?.arrayBuffer().catch(() => {});
    if (answer?.ok) {
      const now = performance.now();
      const name = now < calmUntil ? "calmMs" : "silenceMs";
      control[name] = Math.max(control[name], Math.round(now - lastAt));
      lastAt = now;
    }
    await pause(CONTROL_EVERY_MS);
  }
}

/** How long a join takes, of which a move to another gateway is one. */
async function timeJoins(link, endsAtMs) {
  for (let number = 0; Date.now() < endsAtMs; number += 1) {
    const beganAt = performance.now();
    // One that is refused, as while Redis is away, took no time that says anything.
    const options = { guest: true, streamName: `visitor-${number}` };
    const joined = await join(link, options).catch(() => null);
    const took = Math.round(performance.now() - beganAt);
    if (joined !== null) (performance.now() < calmUntil ? joins.calmMs : joins.busyMs).push(took);
    await joined?.close();
    await pause(JOIN_EVERY_MS);
  }
}

async function open(index) {
  const link = await mint();
  const readers = [];
  for (let number = 0; number < READERS; number += 1) {
    readers.push(await read(link, `reader-${index}-${number}`));
  }
  const options = { credential: account.credential, streamName: "writer", receipts: true };
  const writer = await join(link, options);
  return { link, writer, readers, receipted: [], unknown: 0 };
}

async function mint() {
  const answer = await fetch(`${ENTRY_URL}/v1/${namespace}/conversations`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${account.credential}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(isKept ? { replay: { ttl_s: 600, max_bytes: 1_048_576 } } : {}),
  });
  if (!answer.ok) throw new Error(`mint: ${answer.status}`);
  const { magic_link: link } = await answer.json();
  const { pathname, search } = new URL(link);
  return new URL(pathname + search, ENTRY_URL).href;
}

async function read(link, streamName) {
  const reader = { streamName, numbers: [], lastAt: null, calmMs: 0, silenceMs: 0 };
  Object.assign(reader, { gaps: 0, drains: 0, reconnects: 0, closed: 0 });
  // Guests, so that the limit of an account's streams says nothing here.
  const connection = await join(link, { guest: true, streamName });
  connection.on("token", ({ data }) => {
    const now = performance.now();
    if (reader.lastAt !== null) {
      const name = now < calmUntil ? "calmMs" : "silenceMs";
      reader[name] = Math.max(reader[name], Math.round(now - reader.lastAt));
    }
    reader.lastAt = now;
    reader.numbers.push(Number(data));
  });
  const count = (type, name) =>
    connection.on(type, () => {
      reader[name] += 1;
    });
  count("gap", "gaps");
  count("draining", "drains");
  count("reconnecting", "reconnects");
  count("closed", "closed");
  return reader;
}

/** One token after the other, each at its time; receipts come when they come. */
async function write(conversation, endsAtMs) {
  const pending = new Set();
  for (let number = 1; Date.now() < endsAtMs; number += 1) {
    const sent = conversation.writer.send(String(number)).then(
      () => conversation.receipted.push(number),
      () => {
        conversation.unknown += 1;
      },
    );
    pending.add(sent);
    sent.finally(() => pending.delete(sent));
    await pause(EVERY_MS);
  }
  await Promise.race([Promise.all(pending), pause(SETTLE_MS)]);
}

function judge({ receipted }, reader) {
  const got = new Set(reader.numbers);
  const lost = receipted.filter((number) => !got.has(number));
  const { numbers } = reader;
  const disordered = numbers.filter((number, index) => number <= (numbers[index - 1] ?? 0)).length;
  return { ...reader, lost, disordered };
}
