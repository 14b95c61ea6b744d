// A chat of the Vercel AI SDK over AMS. The agent answers by `streamText`; the page is loaded again
// in the middle of the answer, goes on with it, and stops the next one.
import { setTimeout as pause } from "node:timers/promises";
import { AmsError, createAccount, join } from "@ams/client";
import { serve } from "@ams/client/answers";
import { AmsChatTransport, onError } from "./ai-sdk-transport.ts";
import { fakeModel, PageChat, respondBy } from "./example-parts.ts";

const { AMS_URL = "http://127.0.0.1:8080" } = process.env;
const WORDS = ["The ", "tide ", "turns ", "at ", "six."];
const PACE_MS = 50;

try {
  const account = await createAccount(AMS_URL);
  const replay = { ttlS: 3_600, maxBytes: 1_048_576 };
  const { magicLink: link } = await account.mint({ replay });
  const { credential } = account;
  const agent = await join(link, { credential, streamName: "assistant" });
  const model = () => fakeModel(WORDS, () => pause(PACE_MS));
  const serving = serve(agent, respondBy(model), onError);

  const transport = new AmsChatTransport({ link, agent: agent.streamId });
  const page = new PageChat({ id: "chat", transport });
  page.sendMessage({ text: "When does the tide turn?" }).catch(() => {});
  while (page.answer === "") await pause(PACE_MS / 5);
  console.log("before the reload:", WORDS.join("").startsWith(page.answer));

  const again = new PageChat({ id: "chat", transport, messages: page.messages.slice(0, 1) });
  await again.resumeStream();
  console.log("after the reload:", again.answer);

  const stopped = again.sendMessage({ text: "Once more?" });
  while (again.status !== "streaming") await pause(PACE_MS / 5);
  await again.stop();
  await stopped;
  console.log("stopped:", again.answer !== WORDS.join(""));
  await agent.close();
  await serving; // It ends with the connection.
} catch (error) {
  if (!(error instanceof AmsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
