// An AG-UI agent over AMS: a page runs it, another one connects in the middle of the run and has
// all of it, and a third stops a run that nobody needs.
import { setTimeout as pause } from "node:timers/promises";
import { EventType } from "@ag-ui/client";
import { AmsError, createAccount, join } from "@ams/client";
import { type Respond, serve } from "@ams/client/answers";
import { AmsAgent } from "./ag-ui-agent.ts";

const { AMS_URL = "http://127.0.0.1:8080" } = process.env;
const WORDS = ["The ", "tide ", "turns ", "at ", "six."];
const PACE_MS = 50;

/** The agent's side: a request is AG-UI's `RunAgentInput`, an answer its events. */
const respond: Respond = async function* ({ threadId, runId }, signal) {
  const messageId = `answer to ${runId}`;
  yield { type: EventType.RUN_STARTED, threadId, runId };
  yield { type: EventType.TEXT_MESSAGE_START, messageId, role: "assistant" };
  for (const delta of WORDS) {
    await pause(PACE_MS, null, { signal });
    yield { type: EventType.TEXT_MESSAGE_CONTENT, messageId, delta };
  }
  yield { type: EventType.TEXT_MESSAGE_END, messageId };
  yield { type: EventType.RUN_FINISHED, threadId, runId };
};
const onError = () => ({ type: EventType.RUN_ERROR, message: "The run was stopped." });

try {
  const account = await createAccount(AMS_URL);
  const replay = { ttlS: 3_600, maxBytes: 1_048_576 };
  const { magicLink: link } = await account.mint({ replay });
  const agent = await join(link, { credential: account.credential, streamName: "assistant" });
  const serving = serve(agent, respond, onError);

  const page = () => new AmsAgent({ link, agent: agent.streamId, threadId: "thread" });
  const text = ({ messages }: AmsAgent) => messages.map(({ content }) => content).join("|");
  const [first, second, third] = [page(), page(), page()];
  first.addMessage({ id: "1", role: "user", content: "When does the tide turn?" });
  const run = first.runAgent();
  while (text(first).split("|").length < 2) await pause(PACE_MS / 5);
  await Promise.all([run, second.connectAgent()]);
  console.log("the run:", text(first));
  console.log("connected:", text(second));

  const stopped = third.runAgent().catch(() => {});
  while (text(third) === "") await pause(PACE_MS / 5);
  third.abortRun();
  await stopped;
  console.log("stopped:", text(third) !== WORDS.join(""));
  await agent.close();
  await serving; // It ends with the connection.
} catch (error) {
  if (!(error instanceof AmsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
