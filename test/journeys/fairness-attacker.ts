/**
 * The attacker of the fairness journey, in a process of its own, so that it takes no time of the
 * victim's clients. A message names the attack, and its outcome is the answer. Each is bounded, and
 * stays within the limits of §9.1 unless the limit itself is what it tries.
 */
import WebSocket from "ws";
import {
  ACCOUNT,
  type Ask,
  CATCH_UPS,
  COMBINED,
  ESCAPED,
  FAULTS,
  FRAMES,
  KEPT,
  type Outcome,
  PARAMETERS,
  SPACED_PING,
  STRANGER,
  type Target,
  times,
} from "./fairness-attacks.ts";
import { EDGES } from "./fairness-edges.ts";

/**
 * An address for the documentation of others (RFC 5737): the attacker's, by what the trusted proxy
 * says.
 */
const ADDRESS = "203.0.113.9";

/** Requests of one kind, at once and in all. */
const REQUESTS_AT_ONCE = 10;
const REQUESTS = 30;

/** What was asked since the attack began. */
const asked = new Set<string>();

async function attack(name: string, target: Target): Promise<Outcome> {
  asked.clear();
  const met = tally(await attackBy(name, target));
  return { met, asked: [...asked] };
}

async function attackBy(name: string, target: Target): Promise<readonly number[]> {
  const frames = FRAMES[name];
  if (frames !== undefined) return [await say(target, frames())];
  const fault = FAULTS[name];
  if (fault !== undefined) return await inTurn(times(20, fault), (frame) => say(target, [frame]));
  const combined = COMBINED.find((one) => one === name);
  if (combined !== undefined) return await attackCombined(combined, target);
  const asks = { control: { ...STRANGER, ...ACCOUNT }, ...EDGES };
  const [service, ask] =
    Object.entries(asks)
      .map(([service, all]) => [service, all[name]] as const)
      .find(([, ask]) => ask !== undefined) ?? [];
  if (service === undefined || ask === undefined) throw new Error(`There is no attack ${name}.`);
  const workers = times(REQUESTS_AT_ONCE, times(REQUESTS / REQUESTS_AT_ONCE, ask(target)));
  const statuses = await Promise.all(
    workers.map((each) => inTurn(each, (one) => request(target, one, name in ACCOUNT, service))),
  );
  return statuses.flat();
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
    case "forty joins at once":
      return await Promise.all(times(40, "").map(() => say(target, [])));
    case "joins by every parameter":
      return await inTurn(times(10, PARAMETERS).flat(), (query) => say(target, [], query));
    case "fifty keys made and revoked":
      return await makeAndRevoke(target, "/v1/account/keys", '{"name":"a","scopes":["read"]}');
    case "fifty links made and revoked": {
      const path = `/v1/${target.namespace}/conversations/${target.alias}/links`;
      return await makeAndRevoke(target, path, '{"name":"a","expires_in_s":60}');
    }
    case "20,000 tokens that are kept": {
      const tokens = times(KEPT, '{"type":"token","data":"x"}');
      return [await say({ ...target, magicLink: target.kept }, tokens)];
    }
    case "ten catch-ups of 20,000 frames": {
      const kept = { ...target, magicLink: target.kept };
      return await Promise.all(CATCH_UPS.map((query) => catchUp(kept, query)));
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

/** Reads until all that is kept has come; 1000 when it did. */
function catchUp(target: Target, query: string): Promise<number> {
  const socket = open(target, query);
  return new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.on("close", (code) => resolve(code));
    socket.on("message", (data) => {
      if (String(data).startsWith('{"type":"x_live"')) socket.close(1000);
    });
  });
}

/** Fifty times one thing of an account: made, and revoked again by the id in its answer. */
function makeAndRevoke(target: Target, path: string, body: string): Promise<readonly number[]> {
  return inTurn(times(50, body), async () => {
    const { text } = await exchange(target, { method: "POST", path, body }, true);
    const made: { key_id?: string; link_id?: string } = JSON.parse(text);
    const id = made.key_id ?? made.link_id;
    return await request(target, { method: "DELETE", path: `${path}/${id}` }, true);
  });
}

/** An account that is created and deleted again. */
async function comeAndGo(target: Target, name: string): Promise<number> {
  const body = `{"namespace":"${target.namespace}-${name}"}`;
  const created = await exchange(target, { method: "POST", path: "/v1/accounts", body }, false);
  const { credential }: { credential?: string } = JSON.parse(created.text);
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
  for (const name of new URLSearchParams(query).keys()) asked.add(`connect ${name}`);
  asked.add(`gateway GET ${link.pathname}/connect`);
  const url = `${target.at.gateway?.replace("http", "ws")}${link.pathname}/connect${link.search}${query}`;
  return new WebSocket(url, ["ams.v1", "ams.guest"], { perMessageDeflate: false });
}

async function request(target: Target, ask: Ask, bearer: boolean, service?: string) {
  return (await exchange(target, ask, bearer, service)).status;
}

async function exchange(
  target: Target,
  { method = "GET", path, body, headers }: Ask,
  bearer: boolean,
  service = "control",
): Promise<{ readonly status: number; readonly text: string }> {
  asked.add(`${service} ${method} ${path.replace(/\?.*/, "")}`);
  const response = await fetch(target.at[service] + path, {
    method,
    headers: {
      "x-forwarded-for": ADDRESS,
      ...(bearer ? { authorization: `Bearer ${target.credential}` } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  }).catch(() => null); // Refused before it had sent its body: the connection may end meanwhile.
  const text = await response?.text().catch(() => "");
  return { status: response?.status ?? 0, text: text || "{}" };
}

async function inTurn<Item, Result>(items: readonly Item[], make: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  for (const item of items) results.push(await make(item));
  return results;
}

function tally(codes: readonly number[]): Outcome["met"] {
  const counts: Record<string, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

process.on("message", ({ name, target }: { name: string; target: Target }) => {
  void attack(name, target).then((outcome) => process.send?.(outcome));
});
