// A pipeline of three: what the author types the translator translates, and the reader reads. Each
// hears only whom it wants.
import { createInterface } from "node:readline";
import { AmsError, createAccount, inspect, join, openAccount } from "@ams/client";

const { AMS_URL = "http://127.0.0.1:8080", AMS_CREDENTIAL, AMS_LINK } = process.env;
const [role = "author", link = AMS_LINK] = process.argv.slice(2);

/** What strangers wrote, without what could steer your terminal. */
const harmless = (text: string) => text.replace(/[^\P{Cc}\n]/gu, "");

try {
  if (role === "author") await author();
  else if (role === "translator" && link !== undefined) await translator(link);
  else if (role === "reader" && link !== undefined) await reader(link);
  else fail("Usage: npx tsx examples/translator/translator.ts [translator|reader '<magic link>'].");
} catch (error) {
  if (!(error instanceof AmsError)) throw error;
  fail(error.message);
}

async function author(): Promise<void> {
  const account = AMS_CREDENTIAL
    ? await openAccount(AMS_URL, { credential: AMS_CREDENTIAL })
    : await createAccount(AMS_URL);
  const { magicLink, streamName, streamId } = await account.mint({ streamName: "author" });
  const me = await join(magicLink, {
    credential: account.credential,
    streamName,
    streamMetadata: { role: "author" },
    // It hears nobody: it selects itself alone, and nobody is sent their own stream.
    subscribeStreams: [streamId],
  });

  console.log("Run these in two more terminals, one after the other:");
  console.log(`  npx tsx examples/translator/translator.ts translator '${magicLink}'`);
  console.log(`  npx tsx examples/translator/translator.ts reader '${magicLink}'`);

  // Who comes and who goes is sent to everybody, whatever they selected.
  for (const role of ["translator", "reader"]) await me.peer((peer) => peer.metadata.role === role);
  console.log("Both are here. Type a line of English; Ctrl-D leaves.");
  await me.pipe(createInterface({ input: process.stdin }));
  await me.close();
}

async function translator(magicLink: string): Promise<void> {
  const source = await streamOf("author", magicLink);
  const me = await join(magicLink, {
    guest: true,
    streamMetadata: { role: "translator" },
    subscribeStreams: [source],
  });
  console.log("translating");
  // A stage of a pipeline is one line: a text in, a picker that changes it, a stream out. It ends
  // when the author leaves.
  await me.pipe(me.text(source), translate);
  await me.close();
}

async function reader(magicLink: string): Promise<void> {
  const source = await streamOf("translator", magicLink);
  const me = await join(magicLink, {
    guest: true,
    streamMetadata: { role: "reader" },
    subscribeStreams: [source],
  });
  console.log("reading");
  for await (const line of me.text(source)) console.log(harmless(line));
  await me.close();
}

/**
 * A selection is of stream ids. Whoever has the link may look who is in the conversation, before
 * joining.
 */
async function streamOf(wanted: string, magicLink: string): Promise<string> {
  const { streams } = await inspect(magicLink);
  const found = streams.find((stream) => stream.metadata.role === wanted);
  return found?.streamId ?? fail(`There is no ${wanted} in the conversation yet: start it first.`);
}

/**
 * Stands in for a translator: it knows a few words of French, and leaves the others as they are.
 */
function translate(line: string): string {
  const french: Readonly<Record<string, string>> = {
    hello: "bonjour",
    world: "monde",
    and: "et",
    thanks: "merci",
    goodbye: "au revoir",
  };
  return line.replace(/[a-z]+/gi, (word) => french[word.toLowerCase()] ?? word);
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
