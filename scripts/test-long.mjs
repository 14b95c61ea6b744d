// `npm run test:long`: lists the long suites. `npm run test:long -- <suite>` runs one; with
// `--save`, what it wrote on stdout becomes docs/long/<suite>.md, with the date and the machine.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { LONG_SUITES } from "./long-suites.mjs";
import { ROOT, say, setUpOrExit } from "./set-up.mjs";

const args = process.argv.slice(2);
const isSaved = args.includes("--save");
const [name, ...more] = args.filter((arg) => arg !== "--save");
const suite = LONG_SUITES.find((one) => one.name === name);

if (suite === undefined) {
  for (const one of LONG_SUITES) process.stdout.write(`${one.name.padEnd(14)} ${one.what}\n`);
  if (name !== undefined) say(`There is no long suite "${name}".`);
  process.exit(name === undefined ? 0 : 64);
}

await setUpOrExit();
const result = await runSuite(suite, more);
if (isSaved && result.status === 0) save(suite, result.text);
process.exit(result.status);

/** Its stdout goes to ours as it comes, and is kept. */
function runSuite({ command: [program, ...given], env = {} }, rest) {
  return new Promise((resolve, reject) => {
    const path = program === "node" ? process.execPath : program;
    const child = spawn(path, [...given, ...rest], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["inherit", "pipe", "inherit"],
    });
    const chunks = [];
    child.stdout.on("data", (chunk) => {
      chunks.push(chunk);
      process.stdout.write(chunk);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ status: code ?? 1, text: Buffer.concat(chunks).toString("utf8") });
    });
  });
}

function save({ name: suiteName, what }, text) {
  const folder = join(ROOT, "docs/long");
  const [cpu] = cpus();
  const when = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} × ${cpu?.model ?? "unknown processor"}, Node ${process.version}`;
  mkdirSync(folder, { recursive: true });
  const head = `# Long suite \`${suiteName}\`\n\n${what}. Run on ${when} (${machine}) by`;
  const path = join(folder, `${suiteName}.md`);
  // Without colours, and without lines that name a folder of this machine.
  const lines = stripVTControlCharacters(text).split("\n");
  const kept = lines.filter((line) => !line.includes(ROOT)).join("\n");
  writeFileSync(path, `${head} \`npm run test:long -- ${suiteName} --save\`.\n\n${kept.trim()}\n`);
  say(`Wrote docs/long/${suiteName}.md.`);
}
