/** What the service offers, to anybody (W1.2). */
import { answer } from "@ams/edge";
import {
  BODY_BYTES_MAX,
  BRANCH_DEPTH_MAX,
  BRANCHES_MAX,
  HEADER_BYTES_MAX,
  LEASE_MS,
  MAX_LAG,
  PARENTS_MAX,
  STEPS_MAX,
} from "@ams/workflow-rules";

export function describeOffer(): Response {
  return answer(200, {
    version: 1,
    features: ["act", "events", "rollback", "stop", "tiles"],
    limits: {
      body_bytes: BODY_BYTES_MAX,
      header_bytes: HEADER_BYTES_MAX,
      parents: PARENTS_MAX,
      branch_depth: BRANCH_DEPTH_MAX,
      branches_per_run: BRANCHES_MAX,
      steps: STEPS_MAX,
      max_lag: MAX_LAG,
      lease_ms: LEASE_MS,
    },
  });
}
