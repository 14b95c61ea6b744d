/**
 * The page as a fetch handler: home, the files of the page, and what a magic link answers to whom.
 */
import { baseUrlOf, type HttpApp, type Reached } from "@ams/process";
import { type Context, Hono } from "hono";
import { type Asset, type Assets, hashedPath, toAsset } from "./assets.ts";
import type { WebConfig } from "./config.ts";
import { type Look, pageDocument, plainDocument, sideDocument } from "./document.ts";
import { COMMON_HEADERS, IMMUTABLE } from "./headers.ts";
import { answerLink, type LinkTools } from "./link.ts";
import type { LookUp } from "./link-facts.ts";
import { answerNotFound, redirectToRepaired } from "./not-found.ts";
import { createDist } from "./packages/dist.ts";
import type { Packages } from "./packages/packages.ts";
import { ASSETS_PREFIX, linkAt } from "./routes.ts";
import { themeStyle } from "./theme.ts";

export type WebOptions = {
  readonly config: WebConfig;
  readonly reached: Reached;
  /** Null when the page isn't built: agents are answered all the same. */
  readonly assets: Assets | null;
  /** Null when the packages aren't built. */
  readonly packages?: Packages | null;
  readonly lookUp: LookUp;
};

/** Answers any request; never rejects. */
export type Web = HttpApp;

const NOT_BUILT = "The page is not built on this deployment: npm run build makes it.";

export function createWeb({ config, reached, assets, packages, lookUp }: WebOptions): Web {
  const theme = openTheme(config);
  const files = new Map([...(assets?.files ?? []), [theme.path, theme.asset] as const]);
  const look: Look | null = assets && { assets, theme: config.theme, themePath: theme.path };
  const tools: LinkTools = {
    config,
    lookUp,
    baseUrl: (request) => baseUrlOf(request, reached),
    document: async (notice, replayS = 0) =>
      look === null
        ? plainDocument(config.theme.name, NOT_BUILT)
        : pageDocument({ ...look, notice, replayS }),
  };
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(COMMON_HEADERS)) {
      context.res.headers.set(name, value);
    }
  });
  app.get("*", async ({ req }, next) => redirectToRepaired(req.raw) ?? (await next()));
  app.get("/", (context) => showHome(context, tools, assets !== null));
  app.get(`${ASSETS_PREFIX}*`, (context) => showFile(context, files));
  app.route("/", distOf(tools, packages ?? null, look));
  for (const path of ["/", `${ASSETS_PREFIX}*`]) {
    app.all(path, (context) => context.text("", 405, { allow: "GET, HEAD" }));
  }
  app.get("/:namespace/conversations/:alias", (context) => showLink(context, tools));
  app.notFound(({ req }) => answerNotFound(req.raw, look));
  app.onError((_error, context) => context.text("The page failed to answer. Try again.\n", 500));
  return { fetch: async (request) => app.fetch(request) };
}

function distOf(
  { config, baseUrl }: LinkTools,
  packages: Packages | null,
  look: Look | null,
): Hono {
  const page = (title: string, body: unknown) => sideDocument(config.theme.name, title, body, look);
  return createDist({ packages, baseUrl, page });
}

async function showHome(context: Context, tools: LinkTools, isBuilt: boolean): Promise<Response> {
  context.header("cache-control", "no-cache");
  return context.html(await tools.document(null), isBuilt ? 200 : 503);
}

async function showLink(context: Context, tools: LinkTools): Promise<Response> {
  const place = linkAt(new URL(context.req.url).pathname);
  if (place === null) return context.notFound();
  const token = context.req.query("t") || null;
  return answerLink(context.req.raw, { ...place, token }, tools);
}

function showFile(context: Context, files: ReadonlyMap<string, Asset>): Response {
  const file = files.get(new URL(context.req.url).pathname);
  if (file === undefined) return context.text("There is nothing at this address.\n", 404);
  const takesGzip = /\bgzip\b/.test(context.req.header("accept-encoding") ?? "");
  const gzipped = takesGzip ? file.gzipped : null;
  return new Response(gzipped ?? file.body, {
    headers: {
      "content-type": file.type,
      "cache-control": IMMUTABLE,
      vary: "accept-encoding",
      ...(gzipped !== null ? { "content-encoding": "gzip" } : {}),
    },
  });
}

/** The operator's colours as one more file, named by its content like the others. */
function openTheme({ theme }: WebConfig): { readonly path: string; readonly asset: Asset } {
  const style = new TextEncoder().encode(themeStyle(theme));
  return { path: hashedPath("theme", ".css", style), asset: toAsset(".css", style) };
}
