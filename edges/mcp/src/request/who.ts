/**
 * Who is speaking in a request: its bearer's account, or the guest of its link, checked anew each
 * time.
 */
import type { CheckedLink, Failure, Who, Wrapper } from "@ams/edge";
import type { Place } from "./place.ts";
import { refuse, refuseByName } from "./refusal.ts";

export type Caller = {
  readonly who: Who;
  /** The conversation that the address itself is bound to. */
  readonly link: CheckedLink | null;
};

export type Identified =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly response: Response };

const BEARER = /^Bearer +(\S+) *$/i;

/** Link and bearer at once. A bearer that is wrong is refused, whatever the link would admit. */
export async function identify(
  wrapper: Wrapper,
  request: Request,
  place: Place,
): Promise<Identified> {
  if (place.kind === "link" && place.magicLink === null) {
    const sentence =
      "This magic link is cut off: its end, ?t=…, is missing. Ask for the whole link, and quote it in a shell.";
    return { ok: false, response: refuseByName(400, "invalid_magic_link", sentence) };
  }
  const [credential, link] = await Promise.all([
    checkBearer(wrapper, request.headers.get("authorization")),
    checkPlace(wrapper, place),
  ]);
  if (!link.ok) return { ok: false, response: refusalOf(link) };
  if (!credential.ok) return { ok: false, response: refusalOf(credential) };
  const { account } = credential;
  const bound = link.link;
  const who: Who = account === null ? { kind: "guest", link: bound } : { kind: "account", account };
  return { ok: true, caller: { who, link: bound } };
}

async function checkBearer(wrapper: Wrapper, header: string | null) {
  if (header === null) return { ok: true, account: null } as const;
  return wrapper.credentials.check(BEARER.exec(header)?.[1] ?? "");
}

async function checkPlace(wrapper: Wrapper, place: Place) {
  if (place.kind === "open" || place.magicLink === null) return { ok: true, link: null } as const;
  return wrapper.links.check(place.magicLink);
}

function refusalOf({ fault, message }: Failure): Response {
  switch (fault) {
    case "invalid_credential":
      return refuse(401, fault, message, { "www-authenticate": 'Bearer error="invalid_token"' });
    case "invalid_magic_link":
    case "conversation_not_found":
      return refuseByName(404, fault, message);
    default:
      return refuse(503, fault, message, { "retry-after": "1" });
  }
}
