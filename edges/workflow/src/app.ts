/** The HTTP side (W1 to W9): paths below `/workflow/v1`. */
import { createSpaceApp, type EdgeApp } from "@ams/edge";
import { answerRefusal, reject } from "./answers.ts";
import { pageFile } from "./page/files.ts";
import { describeOffer } from "./routes/about.ts";
import { conversationRoutes, openConversation } from "./routes/conversations.ts";
import { eventRoutes } from "./routes/events.ts";
import { interruptRoutes } from "./routes/interrupts.ts";
import { logRoutes } from "./routes/log.ts";
import { messageRoutes } from "./routes/messages.ts";
import { runRoutes } from "./routes/runs.ts";
import { workflowRoutes } from "./routes/workflows.ts";
import { Workflows, type WorkflowsOptions } from "./service.ts";

export function createWorkflow(options: WorkflowsOptions): EdgeApp {
  const service = new Workflows(options);
  return createSpaceApp({
    service,
    prefix: "/workflow/v1",
    collection: "conversations",
    rows: [
      ...conversationRoutes,
      ...workflowRoutes,
      ...interruptRoutes,
      ...runRoutes,
      ...eventRoutes,
      ...messageRoutes,
      ...logRoutes,
    ],
    readsFirst: true,
    describe: describeOffer,
    open: (gate, request) => openConversation(service, gate, request),
    aside: ([first, name, ...rest]) =>
      first === "page" ? pageFile(rest.length === 0 ? (name ?? "") : "") : null,
    reject,
    answerRefusal: (error) => answerRefusal(error, service.metrics),
  });
}
