/** The workflow edge, as a process or a standalone runs it. */
import { defineEdge } from "@ams/edge";
import { createWorkflow } from "./app.ts";
import { readWorkflow, WORKFLOW_SETTINGS } from "./config.ts";

export const edge = defineEdge({
  name: "workflow",
  settings: WORKFLOW_SETTINGS,
  ports: { http: 8086, admin: 9096 },
  read: readWorkflow,
  open: (config, parts) => createWorkflow({ config, ...parts }),
});
