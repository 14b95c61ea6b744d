// Claude Code, by the line that is printed for it. Its model is a script behind a mock of the API,
// on loopback; nothing is sent anywhere else, and it has a home of its own.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { talk } from "./talk.mjs";

const run = promisify(execFile);
const [name, link] = process.argv.slice(2);
const program = fileURLToPath(new URL("../node_modules/.bin/claude", import.meta.url));
const server = `ams-${new URL(link).pathname.split("/").at(-1)}`;

const steps = talk(name);
/** The id of the call whose result is waited for; null before the first. */
let asked = null;
let count = 0;
const api = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString());
  if (!request.url?.startsWith("/v1/messages?") && request.url !== "/v1/messages") {
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
    return;
  }
  const events = eventsOf(contentFor(body), body.model);
  if (body.stream !== true) {
    const message = { ...events[0].message, content: [{ type: "text", text: "ok" }] };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(message));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  response.end();
});

/** The next call of a tool, or a text where the script is over or the model is asked else. */
function contentFor({ tools = [], messages = [] }) {
  const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
  const result = blocks.find((block) => asked !== null && block.tool_use_id === asked);
  const isOurs = tools.some((tool) => tool.name === `mcp__${server}__ams_join`);
  if (!isOurs || (asked !== null && result === undefined)) return { type: "text", text: "ok" };
  const step = steps.next(JSON.stringify(result?.content));
  if (step.done) return { type: "text", text: "I have left." };
  const [tool, input] = step.value;
  count += 1;
  asked = `toolu_${count}`;
  return { type: "tool_use", id: asked, name: `mcp__${server}__${tool}`, input };
}

/** One answer as the API streams it. */
function eventsOf(content, model) {
  const isTool = content.type === "tool_use";
  const usage = { input_tokens: 1, output_tokens: 1 };
  const base = { id: "msg_1", type: "message", role: "assistant", model, content: [], usage };
  const start = isTool ? { ...content, input: {} } : { type: "text", text: "" };
  const delta = isTool
    ? { type: "input_json_delta", partial_json: JSON.stringify(content.input) }
    : { type: "text_delta", text: content.text };
  const stop = { stop_reason: isTool ? "tool_use" : "end_turn", stop_sequence: null };
  return [
    { type: "message_start", message: { ...base, stop_reason: null, stop_sequence: null } },
    { type: "content_block_start", index: 0, content_block: start },
    { type: "content_block_delta", index: 0, delta },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: stop, usage: { output_tokens: 1 } },
    { type: "message_stop" },
  ];
}

await new Promise((resolve) => api.listen(0, "127.0.0.1", resolve));
const { PATH = "", HOME = "" } = process.env;
const env = {
  PATH,
  HOME,
  ANTHROPIC_BASE_URL: `http://127.0.0.1:${api.address().port}`,
  ANTHROPIC_API_KEY: "of-no-use",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  DISABLE_AUTOUPDATER: "1",
  ENABLE_TOOL_SEARCH: "false",
};
const claude = async (args) => {
  const running = run(program, args, { env, cwd: HOME, timeout: 120_000 });
  running.child.stdin.end();
  const { stdout } = await running;
  return stdout;
};
await claude(["mcp", "add", "--transport", "http", server, link]);
const listed = await claude(["mcp", "list"]);
if (!listed.includes(server) || !listed.includes("Connected")) throw new Error(listed);
const prompt = "Join the AMS conversation, say hello, and answer whoever speaks to you.";
const said = await claude(["-p", prompt, "--allowedTools", `mcp__${server}`]);
if (!said.includes("I have left.")) throw new Error(said);
api.close();
