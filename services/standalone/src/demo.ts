/**
 * The demo account and its conversation, so that a first start has something to try. They are made
 * through the control plane like everyone's, and kept in the state folder: the same link works
 * after a restart.
 */
import { randomBytes } from "node:crypto";
import { isCredential, parseMagicLink } from "@ams/protocol";
import { z } from "zod";
import { readIfThere, writePrivate } from "./state-folder.ts";

const ALIAS = "hello";

const demo = z.object({
  namespace: z.string(),
  credential: z.string().refine(isCredential),
  magic_link: z.string().refine((link) => parseMagicLink(link) !== null),
});

export type Demo = z.infer<typeof demo>;

/** Asks the control plane in this process; the path begins with `/v1`. */
export type Ask = (request: Request) => Promise<Response>;

export type DemoSource = {
  readonly ask: Ask;
  /** `http://…`, under which this deployment is reached. */
  readonly baseUrl: string;
  /** Where the demo is kept between starts. */
  readonly file: string;
  /** An invite code, where signing up needs one. */
  readonly invite: string | null;
};

/**
 * The kept demo where it still stands, else a new one; null where this deployment lets nobody sign
 * up.
 */
export async function openDemo(source: DemoSource): Promise<Demo | null> {
  const kept = readDemo(readIfThere(source.file));
  if (kept !== null) {
    const here = { ...kept, magic_link: rebase(kept.magic_link, source.baseUrl) };
    if (await stands(source, here)) return here;
  }
  const made = await make(source);
  if (made !== null) writePrivate(source.file, `${JSON.stringify(made, null, 2)}\n`);
  return made;
}

async function stands({ ask, baseUrl }: DemoSource, { namespace, credential, magic_link }: Demo) {
  const authorization = `Bearer ${credential}`;
  const account = new Request(`${baseUrl}/v1/account`, { headers: { authorization } });
  const link = parseMagicLink(magic_link);
  if (link === null || !(await ask(account)).ok) return false;
  const conversation = `${baseUrl}/v1/${namespace}/conversations/${link.alias}?t=${link.token}`;
  return (await ask(new Request(conversation))).ok;
}

async function make({ ask, baseUrl, invite }: DemoSource): Promise<Demo | null> {
  const namespace = `demo-${randomBytes(4).toString("hex")}`;
  const wish = invite === null ? { namespace } : { namespace, invite };
  const account = await ask(post(`${baseUrl}/v1/accounts`, wish));
  if (!account.ok) return null;
  const { credential } = z.object({ credential: z.string() }).parse(await account.json());
  const path = `${baseUrl}/v1/${namespace}/conversations`;
  const minted = await ask(post(path, { alias: ALIAS }, credential));
  const body = z.object({ magic_link: z.string() }).parse(await minted.json());
  return { namespace, credential, magic_link: body.magic_link };
}

function post(url: string, body: object, credential?: string): Request {
  const headers = new Headers({ "content-type": "application/json" });
  if (credential !== undefined) headers.set("authorization", `Bearer ${credential}`);
  return new Request(url, { method: "POST", headers, body: JSON.stringify(body) });
}

/** The same link at today's address: the port may be another one than when it was made. */
function rebase(link: string, baseUrl: string): string {
  const { pathname, search } = new URL(link);
  const path = pathname.split("/").slice(-3).join("/");
  return `${baseUrl}/${path}${search}`;
}

function readDemo(text: string | null): Demo | null {
  try {
    return demo.parse(JSON.parse(text ?? ""));
  } catch {
    return null;
  }
}
