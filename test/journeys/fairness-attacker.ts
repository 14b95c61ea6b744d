/**
 * The attacker of the fairness journey, in a process of its own, so that it takes no time of the
 * victim's clients. A message names the attack, and its outcome is the answer. Each is bounded, and
 * stays within the limits of §9.1 unless the limit itself is what it tries.
 */
import WebSocket from "ws";
import {
  ACCOUNT,
  type Ask,
  COMBINED,
  ESCAPED,
  FAULTS,
  FRAMES,
  type Outcome,
  SPACED_PING,
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
  const combined = COMBINED.find((one) => one === name);
  if (combined !== undefined) return tally(await attackCombined(combined, target));
  const [ask, bearer] = [STRANGER[name] ?? ACCOUNT[name], name in ACCOUNT];
  if (ask === undefined) throw new Error(`There is no attack ${name}.`);
  const crews = times(REQUESTS_AT_ONCE, times(REQUESTS / REQUESTS_AT_ONCE, ask(target)));
  const statuses = await Promise.all(
    crews.map((asks) => inTurn(asks, (one) => request(target, one, bearer))),
  );
  return tally(statuses.flat());
}

async function attackCombined(
  name: (typeof COMBINED)[number],
  target: Target,
): Promise<readonly number[]> {
  switch (name) {
    case "connects with 31,000 signs of padding": {
      const query = `&stream_metadata=${"=".repeat(31_000)}x`;
      return await inTurn(times(20, query), (more) => say(target, [], more));
    }
    case "a hundred joins and leaves":
      return await inTurn(times(100, ""), () => say(target, []));
    case "fourteen guests with pings of white space":
      return await Promise.all(times(14, SPACED_PING).map((ping) => say(target, times(60, ping))));
    case "joins into a roster of escaped metadata": {
      const guests = times(40, "").map((_, n) => stay(target, `escaped-${n}`, ESCAPED));
      const sockets = await Promise.all(guests);
      const codes = await inTurn(times(7, ""), () => say(target, []));
      for (const socket of sockets) socket.close();
      return codes;
    }
    case "a hundred conversations minted and deleted": {
      const path = `/v1/${target.namespace}/conversations`;
      return await inTurn([...times(100, "").keys()], async (n) => {
        const body = `{"alias":"gone-${n}"}`;
        await request(target, { method: "POST", path, body }, true);
        return await request(target, { method: "DELETE", path: `${path}/gone-${n}` }, true);
      });
    }
    case "fifty accounts created and deleted":
      return await inTurn([...times(50, "").keys()], (n) => comeAndGo(target, `gone-${n}`));
    default:
      return name satisfies never;
  }
}

/** Joins as a guest under this name, says one frame, and stays. */
async function stay(target: Target, name: string, frame: string): Promise<WebSocket> {
  const socket = open(target, `&stream_name=${name}`);
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
    socket.on("message", (data) => {
      if (!String(data).startsWith('{"type":"joined"')) return;
      socket.send(frame, () => resolve());
    });
  });
  return socket;
}

/** An account that is created and deleted again. */
async function comeAndGo(target: Target, name: string): Promise<number> {
  const body = `{"namespace":"${target.namespace}-${name}"}`;
  const headers = { "x-forwarded-for": ADDRESS };
  const created = await fetch(`${target.control}/v1/accounts`, { method: "POST", headers, body });
  const { credential }: { credential?: string } = JSON.parse(await created.text());
  if (credential === undefined) return created.status;
  const gone = { method: "DELETE", path: "/v1/account" };
  return await request({ ...target, credential }, gone, true);
}

/**
 * Joins as a guest, sends, and waits until all was dealt with; the close code, 1000 when it wasn't
 * closed before.
 */
function say(target: Target, frames: readonly string[], query = ""): Promise<number> {
  const socket = open(target, query);
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

function open(target: Target, query: string): WebSocket {
  const link = new URL(target.magicLink);
  const url = `${target.gateway.replace("http", "ws")}${link.pathname}/connect${link.search}${query}`;
  return new WebSocket(url, ["ams.v1", "ams.guest"], { perMessageDeflate: false });
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
