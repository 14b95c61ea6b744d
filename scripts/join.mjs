// `npm run join -- '<magic link>'`: a plain terminal subscriber. What is typed is sent line by line, one token each; what
// others send is shown with their names. The same works with stdin and stdout as pipes: lines in, lines out.
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { parseArgs, styleText } from "node:util";
import { setUpOrExit } from "./set-up.mjs";
import { closeSentence, EXIT_UNAVAILABLE, EXIT_USAGE, fail } from "./wire-client.mjs";

const USAGE = `npm run join -- '<magic link>' [--name <name>]

  --name <name>    how the others see you; made up unless given
  AMS_CREDENTIAL   join as this account; as a guest of the link without it

Quote the link: the shell reads ? and & by itself. Type a line to send it; Ctrl-C or Ctrl-D leaves.`;

/** Milliseconds that a clean goodbye may take before the terminal is given back. */
const GOODBYE_MS_MAX = 2_000;
const NORMAL_CLOSE = 1000;

await setUpOrExit({ projects: ["libs/protocol"] });
const { WebSocket } = await import("ws");
const { connectUrl } = await import("../libs/protocol/dist/index.js");

const { url, name } = readCommandLine();
const isTerminal = process.stdout.isTTY === true;
/** Names by stream id: of everyone who is or was here, as frames may still arrive when somebody has left. */
const names = new Map();
/** Lines that were typed before the server let us in. */
const waiting = [];
let isIn = false;
let isLeaving = false;
let isInputOver = false;

const socket = open();
const input = createInterface({ input: process.stdin, terminal: false });
input.on("line", (line) => (isIn ? send(line) : waiting.push(line)));
input.on("close", () => {
  isInputOver = true;
  if (isIn) leave();
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, leave);

function readCommandLine() {
  try {
    const options = { name: { type: "string" }, help: { type: "boolean", default: false } };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    const [link, ...others] = positionals;
    if (link === undefined || others.length > 0) return fail(EXIT_USAGE, USAGE);
    return { url: readLink(link), name: values.name ?? `guest-${randomBytes(2).toString("hex")}` };
  } catch (error) {
    return fail(EXIT_USAGE, `${error.message}\n\n${USAGE}`);
  }
}

/** The WebSocket address of a link. A link is opaque to a client: the server says whether it is a good one. */
function readLink(link) {
  const found = connectUrl(link.trim());
  if (found !== null && new URL(found).searchParams.has("t")) return found;
  return fail(
    EXIT_USAGE,
    "That is no magic link: it looks like http://…/<namespace>/conversations/<alias>?t=… and needs quotes around it.",
  );
}

function open() {
  const credential = process.env.AMS_CREDENTIAL;
  const headers = { "x-ams-stream-name": name };
  const opened = credential
    ? new WebSocket(url, ["ams.v1"], {
        headers: { ...headers, authorization: `Bearer ${credential}` },
      })
    : new WebSocket(url, ["ams.v1", "ams.guest"], { headers });
  opened.on("message", (data) => show(JSON.parse(data.toString())));
  opened.on("close", (code, reason) => end(code, reason.toString()));
  opened.on("error", (error) => {
    if (error.code !== undefined || error.message.startsWith("Unexpected server response")) {
      const why = error.code === "ECONNREFUSED" ? "nothing answers there" : error.message;
      fail(EXIT_UNAVAILABLE, `${new URL(url).origin} could not be joined: ${why}.`);
    }
  });
  return opened;
}

function show(frame) {
  switch (frame.type) {
    case "joined":
      return enter(frame);
    case "token":
      return print(`${paint("cyan", nameOf(frame))}: ${printable(frame.data)}`);
    case "stream_joined":
      return note(`${nameOf(frame)} joined`);
    case "stream_left":
      return note(`${nameOf(frame)} left`);
    case "stream_metadata":
      return note(`${nameOf(frame)} now has the metadata ${JSON.stringify(frame.metadata)}`);
    case "x_gap":
      return note(`some of what ${nameOf(frame)} said was lost (${frame.reason})`);
    case "x_drain":
      return note(`this server is going away; come back in ${frame.reconnect_after_ms} ms`);
    default:
      return undefined; // A newer server may say more than this client knows.
  }
}

function enter(frame) {
  for (const peer of frame.peers) nameOf(peer);
  const others = frame.peers.map((peer) => peer.stream_name);
  const who = others.length === 0 ? "nobody else is here yet" : `here: ${others.join(", ")}`;
  note(`you are ${frame.stream_name}; ${who}. Type a line to send it, Ctrl-C to leave.`);
  isIn = true;
  for (const line of waiting.splice(0)) send(line);
  if (isInputOver) leave();
}

function send(line) {
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ type: "token", data: line }));
  }
}

/** Closes behind everything that was sent: the close frame comes last on the socket. */
function leave() {
  if (isLeaving) process.exit(0);
  isLeaving = true;
  setTimeout(() => process.exit(0), GOODBYE_MS_MAX).unref();
  if (socket.readyState === WebSocket.CONNECTING) process.exit(0);
  socket.close(NORMAL_CLOSE);
}

function end(code, reason) {
  if (isLeaving) process.exit(0);
  const what = reason === "" ? `${code}` : `${code} ${reason}`;
  note(`${closeSentence(code, reason)} (${what})`);
  process.exit(1);
}

function nameOf({ stream_id: id, stream_name: given }) {
  if (given !== undefined) names.set(id, given);
  return names.get(id) ?? id;
}

/** Control characters could move the cursor or recolour the terminal: a stranger's text is shown, never obeyed. */
function printable(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is to be taken out.
  const plain = text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
  return plain.replaceAll("\n", "\n  ");
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

function note(sentence) {
  print(paint("dim", `* ${printable(sentence)}`));
}

function paint(style, text) {
  return isTerminal ? styleText(style, text) : text;
}
