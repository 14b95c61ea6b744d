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

/**
 * Link and bearer at once. A bearer that is wrong is refused, whatever the link would admit.
 * `signIn` is the deployment's base URL where who brings no right bearer is asked to sign in there;
 * null where nobody is.
 */
export async function identify(
  wrapper: Wrapper,
  request: Request,
  place: Place,
  signIn: string | null,
): Promise<Identified> {
  if (signIn !== null && !request.headers.has("authorization")) {
    const sentence = "Sign in first: this address takes no guests. A magic link needs no account.";
    const headers = { "www-authenticate": challenge(signIn, null) };
    return { ok: false, response: refuse(401, "missing_credential", sentence, headers) };
  }
  if (place.kind === "link" && place.magicLink === null) {
    const sentence =
      "This magic link is cut off: its end, ?t=…, is missing. Ask for the whole link, and quote it in a shell.";
    return { ok: false, response: refuseByName(400, "invalid_magic_link", sentence) };
  }
  const [credential, link] = await Promise.all([
    checkBearer(wrapper, request.headers.get("authorization")),
    checkPlace(wrapper, place),
  ]);
  if (!link.ok) return { ok: false, response: refusalOf(link, signIn) };
  if (!credential.ok) return { ok: false, response: refusalOf(credential, signIn) };
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

/** What a client needs to sign in (RFC 9728 §5.1). */
function challenge(signIn: string | null, error: string | null): string {
  const fields = [
    ...(error === null ? [] : [`error="${error}"`]),
    ...(signIn === null
      ? []
      : [
          `resource_metadata="${signIn}/.well-known/oauth-protected-resource/mcp"`,
          'scope="join read mint"',
        ]),
  ];
  return `Bearer ${fields.join(", ")}`;
}

function refusalOf({ fault, message }: Failure, signIn: string | null): Response {
  switch (fault) {
    case "invalid_credential":
      return refuse(401, fault, message, {
        "www-authenticate": challenge(signIn, "invalid_token"),
      });
    case "invalid_magic_link":
    case "conversation_not_found":
      return refuseByName(404, fault, message);
    default:
      return refuse(503, fault, message, { "retry-after": "1" });
  }
}
