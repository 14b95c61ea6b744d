// `npm run demo`: in one terminal, a conversation between three subscribers on two gateways over
// Redis, for about ten seconds: who says what, who hears it, on which gateway, and how long it
// took. Then everything is tidied up.
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { styleText } from "node:util";
import { findRedis } from "./redis.mjs";
import { say, setUpOrExit } from "./set-up.mjs";

/** Who takes part: name, colour, and the gateway that each joins, the first being 0. */
const CAST = [
  { name: "ada", colour: "cyan", gateway: 0 },
  { name: "bob", colour: "magenta", gateway: 1 },
  { name: "cyd", colour: "yellow", gateway: 0 },
];

const LINES = [
  ["ada", "I speak in tokens, and none of them comes back to me."],
  ["bob", "I sit on the other gateway; they reach me through Redis."],
  ["cyd", "I sit on ada's gateway, and hear her first from there."],
  ["ada", "Whatever order one of us says it in, all others hear it in."],
];

/** Milliseconds between two tokens: about as fast as a language model writes. */
const TOKEN_PAUSE_MS = 120;
/** Milliseconds that the whole demo may take, whatever happens. */
const DEMO_MS_MAX = 30_000;
/** Milliseconds that a token may take to everyone before the demo gives up on it. */
const HEARD_MS_MAX = 2_000;

const isColour = process.stdout.isTTY === true;

await setUpOrExit();
const { WebSocket } = await import("ws");
const { connectUrl } = await import("../libs/protocol/dist/index.js");
const { startCluster } = await import("../test/dist/cluster.js");

const redis = await findRedis();
if (redis.missing !== null) {
  say(`The demo needs Redis: ${redis.missing}.`);
  process.exit(69);
}
Object.assign(process.env, redis.env);

const timeUp = setTimeout(() => {
  say("The demo took too long and was stopped.");
  process.exit(1);
}, DEMO_MS_MAX);
print("Starting Redis, control and two gateways …");
const cluster = await startCluster({ gateways: 2 });
try {
  await play();
} catch (error) {
  say(`The demo failed: ${error.message}`);
  process.exitCode = 1;
}
await cluster.stop();
clearTimeout(timeUp);

async function play() {
  const link = await mint();
  print(`A conversation was minted. Its magic link:\n  ${link}\n`);
  const actors = new Map();
  for (const part of CAST) {
    const actor = await enter(link, part);
    actors.set(part.name, actor);
    print(`${label(part)} joined on gateway ${part.gateway + 1}`);
  }
  for (const [name, line] of LINES) await speak(actors, name, line);
  print("");
  for (const { part, heard, ownHeard } of actors.values()) {
    const own = ownHeard === 0 ? "none of their own" : `${ownHeard} of their own, which is wrong`;
    print(`${label(part)} heard ${heard.length} tokens of the others, and ${own}.`);
    if (ownHeard > 0) process.exitCode = 1;
  }
  for (const { socket } of actors.values()) socket.close(1000);
}

async function mint() {
  const namespace = `demo-${randomBytes(4).toString("hex")}`;
  const { credential } = await post("/v1/accounts", { namespace });
  return (await post(`/v1/${namespace}/conversations`, {}, credential)).magic_link;
}

async function post(path, body, credential) {
  const headers = { "content-type": "application/json" };
  if (credential) headers.authorization = `Bearer ${credential}`;
  const answer = await fetch(cluster.url + path, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

/**
 * Joins by the link, on the gateway that the part wants rather than on the one whose turn it is.
 */
async function enter(link, part) {
  const url = new URL(connectUrl(link));
  url.port = String(cluster.gateways[part.gateway].port);
  const socket = new WebSocket(url, ["ams.v1", "ams.guest"], {
    headers: { "x-ams-stream-name": part.name },
  });
  const actor = { part, socket, heard: [], ownHeard: 0, onToken: () => undefined };
  actor.lost = new Promise((_, reject) => {
    socket.once("error", reject);
    socket.once("close", (code, reason) => {
      reject(new Error(`${part.name}'s connection was closed: ${code} ${reason}`));
    });
  });
  actor.lost.catch(() => undefined); // Whoever waits for something hears of it.
  const joined = new Promise((resolve) => {
    socket.on("message", (data) => {
      const frame = JSON.parse(data.toString());
      if (frame.type === "joined") resolve();
      if (frame.type === "token") hear(actor, frame);
    });
  });
  await Promise.race([joined, actor.lost]);
  return actor;
}

function hear(actor, frame) {
  if (frame.stream_name === actor.part.name) actor.ownHeard += 1;
  else actor.heard.push(frame);
  actor.onToken(frame.data);
}

/**
 * Says a line token by token; each is awaited at every listener, so that what is printed is what
 * was heard.
 */
async function speak(actors, name, line) {
  const speaker = actors.get(name);
  const listeners = [...actors.values()].filter((actor) => actor !== speaker);
  const times = new Map(listeners.map((listener) => [listener, []]));
  print(`\n${label(speaker.part)} says, token by token:`);
  for (const token of line.match(/\S+\s*/g) ?? []) {
    const began = performance.now();
    const all = listeners.map((listener) =>
      hears(listener, token).then(() => times.get(listener).push(performance.now() - began)),
    );
    speaker.socket.send(JSON.stringify({ type: "token", data: token }));
    await Promise.all(all);
    process.stdout.write(paint(speaker.part.colour, token));
    await pause(TOKEN_PAUSE_MS);
  }
  print("");
  for (const listener of listeners) print(`  ${heardLine(listener, speaker, times.get(listener))}`);
}

function hears(listener, token) {
  const heard = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("a token did not arrive")), HEARD_MS_MAX);
    listener.onToken = (data) => {
      if (data !== token) return reject(new Error("a token arrived out of order"));
      clearTimeout(late);
      return resolve();
    };
  });
  return Promise.race([heard, listener.lost]);
}

function heardLine(listener, speaker, times) {
  const median = [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
  const same = listener.part.gateway === speaker.part.gateway;
  const way = same ? "on the same gateway" : "across Redis, on the other gateway";
  return `${label(listener.part)} heard all ${times.length} in order ${way}, ${median.toFixed(1)} ms each`;
}

function label({ name, colour }) {
  return paint(colour, name);
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

function paint(colour, text) {
  return isColour ? styleText(colour, text) : text;
}
