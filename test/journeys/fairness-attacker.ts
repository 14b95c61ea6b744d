/**
 * The attacker of the fairness journey, in a process of its own, so that it takes no time of the
 * victim's clients. A message names the attack, and its outcome is the answer. Each is bounded, and
 * stays within the limits of §9.1 unless the limit itself is what it tries.
 */
import WebSocket from "ws";
import {
  ACCOUNT,
  type Ask,
  FAULTS,
  FRAMES,
  type Outcome,
  STRANGER,
  type Target,
  times,
} from "./fairness-attacks.ts";

/**
 * An address for the documentation of others (RFC 5737): the attacker's, by what the trusted proxy
 * says.
 */
const ADDRESS = "203.0.113.9";

/** Requests of one kind, at once and in all. */
const REQUESTS_AT_ONCE = 10;
const REQUESTS = 100;

async function attack(name: string, target: Target): Promise<Outcome> {
  const frames = FRAMES[name];
  if (frames !== undefined) return tally([await say(target, frames())]);
  const fault = FAULTS[name];
  if (fault !== undefined) {
    return tally(await inTurn(times(20, fault), (frame) => say(target, [frame])));
  }
  if (name === "connects with 31,000 signs of padding") {
    const query = `&stream_metadata=${"=".repeat(31_000)}x`;
    return tally(await inTurn(times(20, query), (more) => say(target, [], more)));
  }
  if (name === "a hundred joins and leaves") {
    return tally(await inTurn(times(100, ""), () => say(target, [])));
  }
  const [ask, bearer] = [STRANGER[name] ?? ACCOUNT[name], name in ACCOUNT];
  if (ask === undefined) throw new Error(`There is no attack ${name}.`);
  const crews = times(REQUESTS_AT_ONCE, times(REQUESTS / REQUESTS_AT_ONCE, ask(target)));
  const statuses = await Promise.all(
    crews.map((asks) => inTurn(asks, (one) => request(target, one, bearer))),
  );
  return tally(statuses.flat());
}

/**
 * Joins as a guest, sends, and waits until all was dealt with; the close code, 1000 when it wasn't
 * closed before.
 */
function say(target: Target, frames: readonly string[], query = ""): Promise<number> {
  const link = new URL(target.magicLink);
  const url = `${target.gateway.replace("http", "ws")}${link.pathname}/connect${link.search}${query}`;
  const socket = new WebSocket(url, ["ams.v1", "ams.guest"], { perMessageDeflate: false });
  return new Promise((resolve) => {
    let sent = 0;
    let pongs = 0;
    const pings = frames.filter((frame) => frame.startsWith('{"type":"ping"')).length;
    const sendNext = () => {
      if (sent < frames.length) socket.send(frames[sent++] ?? "", sendNext);
      else socket.send('{"type":"ping"}');
    };
    socket.on("error", () => undefined); // The close that follows says it.
    socket.on("close", (code) => resolve(code));
    socket.on("message", (data) => {
      const text = String(data);
      if (text.startsWith('{"type":"joined"')) sendNext();
      if (text.startsWith('{"type":"pong"')) pongs += 1;
      if (pongs > pings) socket.close(1000);
    });
  });
}

async function request(target: Target, { method = "GET", path, body }: Ask, bearer: boolean) {
  const response = await fetch(target.control + path, {
    method,
    headers: {
      "x-forwarded-for": ADDRESS,
      ...(bearer ? { authorization: `Bearer ${target.credential}` } : {}),
    },
    ...(body === undefined ? {} : { body }),
  }).catch(() => null); // Refused before it had sent its body: the connection may end meanwhile.
  await response?.arrayBuffer().catch(() => undefined);
  return response?.status ?? 0;
}

async function inTurn<Item, Result>(items: readonly Item[], make: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  for (const item of items) results.push(await make(item));
  return results;
}

function tally(codes: readonly number[]): Outcome {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

process.on("message", ({ name, target }: { name: string; target: Target }) => {
  void attack(name, target).then((outcome) => process.send?.(outcome));
});
