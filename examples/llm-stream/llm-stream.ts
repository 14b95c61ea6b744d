// A model's output as a stream: one line pipes it into a conversation, and a reader has it token by
// token as it is made.
import { setTimeout as pause } from "node:timers/promises";
import { AmsError, createAccount, join, openAccount } from "@ams/client";

const { AMS_URL = "http://127.0.0.1:8080", AMS_CREDENTIAL, AMS_LINK } = process.env;
const link = process.argv[2] ?? AMS_LINK;

/** What strangers wrote, without what could steer your terminal. */
const harmless = (text: string) => text.replace(/[^\P{Cc}\n]/gu, "");

try {
  await (link === undefined ? write() : read(link));
} catch (error) {
  if (!(error instanceof AmsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function write(): Promise<void> {
  const account = AMS_CREDENTIAL
    ? await openAccount(AMS_URL, { credential: AMS_CREDENTIAL })
    : await createAccount(AMS_URL);
  const { magicLink } = await account.mint();
  const { credential } = account;
  // With receipts the broker says of every token that it has it.
  const me = await join(magicLink, { credential, streamName: "model", receipts: true });

  console.log("Run this in another terminal:");
  console.log(`  npx tsx examples/llm-stream/llm-stream.ts '${magicLink}'`);
  const reader = await me.peer(() => true); // Whoever comes first.
  console.log(`${reader.streamName} is here`);

  // This is all. A real model's stream goes where `model()` stands; the picker takes the text out
  // of each chunk.
  const { tokens } = await me.pipe(model(), (chunk) => chunk.choices[0]?.delta.content);
  console.log(`the broker has all ${tokens} tokens`);
  await me.close();
}

async function read(magicLink: string): Promise<void> {
  const me = await join(magicLink, { guest: true });
  for await (const text of me.text("model")) process.stdout.write(harmless(text));
  process.stdout.write("\n");
  await me.close();
}

type Chunk = { readonly choices: readonly { readonly delta: { readonly content?: string } }[] };

/**
 * Stands in for a model: chunks in the form that many model APIs stream, at their pace, the last
 * without a text.
 */
async function* model(): AsyncGenerator<Chunk> {
  const words =
    "A token is not a message. It is a piece of one, on its way while the next is made.";
  for (const content of words.split(/(?<= )/)) {
    yield { choices: [{ delta: { content } }] };
    await pause(30);
  }
  yield { choices: [{ delta: {} }] };
}
