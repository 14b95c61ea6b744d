/** The mesh edge, as a process or a standalone runs it. */
import { defineEdge } from "@ams/edge";
import { createMesh } from "./app.ts";
import { MESH_SETTINGS, readMesh } from "./config.ts";

export const edge = defineEdge({
  name: "mesh",
  settings: MESH_SETTINGS,
  ports: { http: 8087, admin: 9097 },
  read: readMesh,
  open: (config, parts) => createMesh({ config, ...parts }),
});
