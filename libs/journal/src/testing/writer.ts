/**
 * A process that appends until it is killed: one line on stdout for each append before it is made
 * and one after it is acknowledged.
 */
import { writeSync } from "node:fs";
import { type JournalPlace, openJournals } from "../open-journals.ts";

const [place = "", journal = "", writer = ""] = process.argv.slice(2);
const parsed: JournalPlace = JSON.parse(place);
const opened = await openJournals(parsed);
if (!opened.ok) throw new Error(opened.fault);
const journals = opened.value;
for (let n = 0; ; n += 1) {
  const key = `${writer}-${n}`;
  const pair = ["a", "b"].map((half) => ({
    kind: half,
    key: `${key}-${half}`,
    bytes: Buffer.from(key),
  }));
  writeSync(1, `try ${key}\n`);
  const appended = await journals.append(journal, "any", pair, Date.now());
  if (appended.ok) writeSync(1, `ok ${key}\n`);
  else writeSync(1, `${appended.fault} ${key}\n`);
}
