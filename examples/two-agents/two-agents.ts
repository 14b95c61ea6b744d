// Two agents in one conversation. The first mints it, shares its magic link and asks; the second
// answers.
import { AmsError, createAccount, join, openAccount } from "@ams/client";

const { AMS_URL = "http://127.0.0.1:8080", AMS_CREDENTIAL, AMS_LINK } = process.env;
const link = process.argv[2] ?? AMS_LINK;

/** What strangers wrote, without what could steer your terminal. */
const harmless = (text: string) => text.replace(/[^\P{Cc}\n]/gu, "");

try {
  await (link === undefined ? ask("What is 6 times 7?") : answer(link));
} catch (error) {
  // Everything that can go wrong with AMS is an AmsError, and its message is a sentence for people.
  if (!(error instanceof AmsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** The first agent: it owns an account, and with it the conversation. */
async function ask(question: string): Promise<void> {
  const account = AMS_CREDENTIAL
    ? await openAccount(AMS_URL, { credential: AMS_CREDENTIAL })
    : await createAccount(AMS_URL);
  const { magicLink } = await account.mint({ metadata: { purpose: "a question" } });
  const me = await join(magicLink, { credential: account.credential, streamName: "asker" });

  // Whoever has the link can join. Sharing it is all that two agents need.
  console.log(`Run this in another terminal:`);
  console.log(`  npx tsx examples/two-agents/two-agents.ts '${magicLink}'`);
  const other = await me.peer(() => true); // Whoever comes first.

  // Listen before you speak, and no answer is too quick for you.
  const reply = me.text(other.streamId);
  console.log(`asking ${other.streamName}: ${question}`);
  await me.send(question);
  await me.endTurn();

  // The reply comes token by token, until the other ends its turn.
  for await (const token of reply) process.stdout.write(harmless(token));
  process.stdout.write("\n");
  await me.close();
}

/** The second agent: a guest, for whom the link is enough. */
async function answer(magicLink: string): Promise<void> {
  const me = await join(magicLink, { guest: true });
  console.log(`answering as ${me.streamName}`);

  // Turn by turn, until the asker leaves.
  for await (const turn of me.turns("asker")) {
    let question = "";
    for await (const token of turn) question += token;
    console.log(`was asked: ${harmless(question)}`);
    await me.pipe(think(question)); // And ends the turn.
  }
  await me.close();
}

/**
 * Stands in for whatever thinks in your agent: it reads two numbers and gives its answer in tokens.
 */
function* think(question: string): Generator<string> {
  const [first, second] = (question.match(/\d+/g) ?? []).map(Number);
  if (first === undefined || second === undefined) yield "I can only multiply two numbers.";
  else yield* [`${first} `, "times ", `${second} `, "is ", `${first * second}.`];
}
