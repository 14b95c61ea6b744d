// The page of a run: reads the run and its graph with the link's token, draws them, and stops it.
// Everything that agents wrote is put in as text.

const path = withoutLastSlashes(location.pathname);
const token = new URLSearchParams(location.search).get("t") ?? "";
const ask = `?t=${encodeURIComponent(token)}`;
const SVG = "http://www.w3.org/2000/svg";
const COLUMN = 130;
const ROW = 54;

const byId = (id) => document.getElementById(id);
let isReading = false;
let isStale = true;

async function read() {
  isStale = true;
  if (isReading) return;
  isReading = true;
  while (isStale) {
    isStale = false;
    const [run, dag] = await Promise.all([get(path), get(`${path}/dag`)]).catch(() => [null, null]);
    if (run === null) byId("status").textContent = "The service does not answer.";
    else show(run, dag);
  }
  isReading = false;
}

async function get(address) {
  const answer = await fetch(address + ask, { headers: { accept: "application/json" } });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}

function show(run, dag) {
  byId("title").textContent = `${run.workflow} ${run.version}`;
  byId("run").textContent = run.run;
  const reversed = run.partially_reversed ? ", partially reversed" : "";
  byId("status").textContent = `${run.status}, halt: ${run.halt}, epoch ${run.epoch}${reversed}`;
  document.body.dataset.halt = run.halt;
  document.body.dataset.status = run.status;
  const steps = Object.entries(run.state_value.steps).map(([name, [status, attempts]]) => {
    const item = element("li", `${name}: ${status}${attempts > 1 ? ` (${attempts})` : ""}`);
    item.dataset.step = name;
    item.dataset.status = status;
    return item;
  });
  byId("steps").replaceChildren(...steps);
  draw(dag);
}

function draw({ nodes, branches }) {
  const rows = new Map();
  const rowOf = (name) => {
    if (!rows.has(name)) rows.set(name, rows.size);
    return rows.get(name);
  };
  const placed = new Map();
  nodes.forEach((node, column) => {
    const at = { x: 24 + column * COLUMN, y: 40 + rowOf(node.branch) * ROW };
    placed.set(node.msg, at);
  });
  const lines = nodes.flatMap((node) =>
    node.parents
      .filter((parent) => placed.has(parent))
      .map((parent) => {
        const [from, to] = [placed.get(parent), placed.get(node.msg)];
        return shape("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y });
      }),
  );
  const dots = nodes.flatMap((node) => {
    const { x, y } = placed.get(node.msg);
    const dot = shape("circle", { cx: x, cy: y, r: 9 });
    dot.dataset.type = node.type;
    dot.dataset.op = node.op;
    const who = `…${node.did.slice(-6)}`;
    dot.append(
      shape("title", {}, `${node.seq} ${node.type} ${node.op} ${node.step} by ${node.did}`),
    );
    const label = shape("text", { x: x + 12, y: y - 10 }, node.step || `${node.type} ${node.op}`);
    const by = shape("text", { x: x + 12, y: y + 16, class: "who" }, who);
    return [dot, label, by];
  });
  const names = [...rows].map(([name, row]) => {
    const isOpen = branches[name]?.open !== false;
    return shape(
      "text",
      { x: 4, y: 14 + row * ROW, class: "branch" },
      `${name}${isOpen ? "" : " (closed)"}`,
    );
  });
  const graph = byId("graph");
  graph.setAttribute("width", String(80 + nodes.length * COLUMN));
  graph.setAttribute("height", String(30 + rows.size * ROW));
  graph.replaceChildren(...lines, ...dots, ...names);
}

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

function withoutLastSlashes(text) {
  let end = text.length;
  while (text[end - 1] === "/") end -= 1;
  return text.slice(0, end);
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

byId("stop").addEventListener("click", async () => {
  byId("stop").disabled = true;
  const answer = await fetch(`${path}/stop${ask}`, { method: "POST" }).catch(() => null);
  const said = answer?.ok ? "stopped" : "The stop could not be sent: try again.";
  byId("said").textContent = said;
  byId("stop").disabled = false;
  await read();
});

const events = new EventSource(`${path}/events${ask}`);
events.onmessage = ({ data }) => {
  const { t } = JSON.parse(data);
  if (t !== "alive") void read();
};
void read();
