// An observer: it hears everything that happens in a conversation, logs it, and emits nothing.
import { AmsError, type AmsEvent, join } from "@ams/client";

const { AMS_LINK, AMS_CREDENTIAL } = process.env;
const link = process.argv[2] ?? AMS_LINK;

if (link === undefined) {
  console.error("Usage: npx tsx examples/observer/observer.ts '<magic link>'.");
  process.exitCode = 1;
} else {
  await observe(link).catch((error) => {
    if (!(error instanceof AmsError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  });
}

async function observe(magicLink: string): Promise<void> {
  // The others see that an observer is here: its stream is in the roster like any other, and stays
  // silent. With a credential it comes as that account, without one as a guest.
  const me = await join(magicLink, {
    credential: AMS_CREDENTIAL,
    guest: true,
    streamMetadata: { role: "observer" },
  });
  // Ctrl-C leaves; the loop below then ends by itself.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => me.close());

  // A broken connection comes back by itself. What was lost meanwhile is a `gap`: nothing is lost
  // silently.
  for await (const event of me.events()) {
    const line = describe(event);
    if (line !== null) console.log(line);
  }
}

/**
 * One line for the log. What strangers wrote is quoted as JSON, so that it can't pose as another
 * line or move the cursor.
 */
function describe(event: AmsEvent): string | null {
  switch (event.type) {
    case "joined":
      return `${event.ts} observing as ${event.streamName}, with ${event.peers.length} others here`;
    case "token":
      return `${event.ts} ${event.streamName} said ${JSON.stringify(event.data)} (${event.seq})`;
    case "stream_joined":
      return `${event.ts} ${event.streamName} joined`;
    case "stream_left":
      return `${event.ts} ${event.streamName} left`;
    case "stream_metadata":
      return `${event.ts} ${event.streamName} is now ${JSON.stringify(event.metadata)}`;
    case "gap":
      return `lost some of ${event.streamName ?? "the streams"}: ${event.reason}`;
    case "reconnecting":
      return `connection lost, trying again in ${event.delayMs} ms`;
    default:
      return null;
  }
}
