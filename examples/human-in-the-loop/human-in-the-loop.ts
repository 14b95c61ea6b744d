// An agent that asks a person before it acts. The person says yes or no in a terminal; whatever
// else happens is a no.
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { AmsError, type Connection, createAccount, join, openAccount } from "@ams/client";

const { AMS_URL = "http://127.0.0.1:8080", AMS_CREDENTIAL, AMS_LINK } = process.env;
const link = process.argv[2] ?? AMS_LINK;

try {
  await (link === undefined ? agent() : person(link));
} catch (error) {
  if (!(error instanceof AmsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function agent(): Promise<void> {
  const account = AMS_CREDENTIAL
    ? await openAccount(AMS_URL, { credential: AMS_CREDENTIAL })
    : await createAccount(AMS_URL);
  // The link admits the agent and one more: who gives the answers is whoever you give it to.
  const { magicLink } = await account.mint({ maxJoins: 2 });
  const me = await join(magicLink, { credential: account.credential, streamName: "agent" });

  console.log("Run this in another terminal:");
  console.log(`  npx tsx examples/human-in-the-loop/human-in-the-loop.ts '${magicLink}'`);
  const owner = await me.peer(() => true); // The link admits nobody else.

  const folder = await mkdtemp(`${tmpdir()}/ams-human-in-the-loop-`);
  for (const name of ["draft.txt", "report.txt"]) {
    const path = `${folder}/${name}`;
    await writeFile(path, "Made to be deleted.\n");
    if (await isAllowed(`May I delete ${path}?`, me, owner.streamId)) {
      await rm(path);
      console.log(`deleted ${path}`);
    } else {
      console.log(`kept ${path}`);
    }
  }
  await me.close();
}

/** Asks, and waits for the answer to this very question. Leaving without one is a no. */
async function isAllowed(question: string, me: Connection, personId: string): Promise<boolean> {
  // The answer has to name the question: a yes that was meant for another one is none.
  const id = randomUUID();
  const answers = me.text(personId);
  await me.send(`${id} ${question}`);
  for await (const answer of answers) {
    if (answer === `${id} yes`) return true;
    if (answer === `${id} no`) return false;
  }
  return false;
}

async function person(magicLink: string): Promise<void> {
  const me = await join(magicLink, { guest: true, peerIdentity: { kind: "human" } });
  // Lines of a terminal, a pipe or a file: it is all the same here.
  const input = createInterface({ input: process.stdin });
  const lines = input[Symbol.asyncIterator]();
  console.log("waiting for the agent's questions");
  for await (const token of me.text("agent")) {
    const [id, ...words] = token.split(" ");
    // Quoted as JSON, so that no control character of an agent can repaint what the person reads.
    console.log(`The agent asks: ${JSON.stringify(words.join(" "))} Type yes or no.`);
    const answer = await readAnswer(lines);
    if (answer === null) break;
    await me.send(`${id} ${answer}`);
  }
  input.close();
  await me.close();
}

/** "yes" or "no", however often it must be asked for; null when there are no more lines. */
async function readAnswer(lines: AsyncIterator<string>): Promise<"yes" | "no" | null> {
  for (;;) {
    const { done, value } = await lines.next();
    if (done) return null;
    const word = value.trim().toLowerCase();
    if (word === "yes" || word === "no") return word;
    console.log("Type yes or no.");
  }
}
