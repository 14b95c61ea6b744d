/** TinCan: the page of a deployment, and what a magic link answers to whoever asks it. */

export { createWeb, type Web, type WebOptions } from "./app.ts";
export { type Assets, openAssets } from "./assets.ts";
export { readWeb, WEB_PROCESS_SETTINGS, WEB_SETTINGS, type WebConfig } from "./config.ts";
export { lookUpAt } from "./link-facts.ts";
export { isPageRequest } from "./routes.ts";
