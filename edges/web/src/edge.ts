/** The page, as a process or a standalone runs it. */
import { defineEdge } from "@ams/edge";
import { createWeb } from "./app.ts";
import { openAssets } from "./assets.ts";
import { readWeb, WEB_SETTINGS } from "./config.ts";
import { lookUpAt } from "./link-facts.ts";
import { openPackages } from "./packages/packages.ts";

export const edge = defineEdge({
  name: "web",
  settings: WEB_SETTINGS,
  ports: { http: 8082, admin: 9092 },
  read: readWeb,
  open: (config, { reached, url }) => {
    const assets = openAssets();
    const { fetch } = createWeb({
      config,
      reached,
      assets,
      packages: openPackages(),
      lookUp: lookUpAt(url),
    });
    return { fetch, notReady: () => (assets === null ? "page" : null) };
  },
});
