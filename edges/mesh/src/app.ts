/** The HTTP side (M1 to M10): paths below `/mesh/v1`. */
import { createSpaceApp, type EdgeApp } from "@ams/edge";
import { reject } from "@ams/mesh-rules";
import { answerRefusal } from "./answers.ts";
import { envelopeRoutes } from "./routes/envelopes.ts";
import { eventRoutes } from "./routes/events.ts";
import { logRoutes } from "./routes/log.ts";
import { describeOffer, meshRoutes, openMesh } from "./routes/meshes.ts";
import { operatorRoutes } from "./routes/operator.ts";
import { readRoutes } from "./routes/reads.ts";
import { Meshes, type MeshesOptions } from "./service.ts";

export function createMesh(options: MeshesOptions): EdgeApp {
  const service = new Meshes(options);
  return createSpaceApp({
    service,
    prefix: "/mesh/v1",
    collection: "meshes",
    rows: [
      ...meshRoutes,
      ...envelopeRoutes,
      ...readRoutes,
      ...operatorRoutes,
      ...logRoutes,
      ...eventRoutes,
    ],
    readsFirst: false,
    describe: () => describeOffer(service),
    open: (gate, request) => openMesh(service, gate, request),
    reject,
    answerRefusal: (error) => answerRefusal(error, service.metrics),
  });
}
