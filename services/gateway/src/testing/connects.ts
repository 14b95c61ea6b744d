// Connects to the access checks, and a directory that answers them. Tests only.
import {
  type Account,
  type Admission,
  type Directory,
  DirectoryUnavailable,
  hash,
  newCredential,
  newLinkToken,
  type Peppers,
} from "@ams/directory";
import { admit, type ConnectRequest } from "../accept/admit.ts";
import { ACCOUNT, ALIAS, accountOf, admissionOf, NAMESPACE } from "./fakes.ts";

export const PEPPERS: Peppers = {
  credential: ["c".repeat(32), "old-".repeat(8)],
  link: ["l".repeat(32), "older-l-".repeat(4)],
};
export const TOKEN = newLinkToken();
export const CREDENTIAL = newCredential();
export const NOW = Date.UTC(2026, 0, 31, 12);
export const LINK_HASH = hash(PEPPERS.link[0], TOKEN);

/** A connect, and what the directory knows; the faults below change it. */
export type World = {
  isHostAccepted: boolean;
  namespace: string;
  alias: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  authorization: string;
  subprotocols: string[];
  admission: Admission | null;
  remembered: Admission | undefined;
  account: Account | null;
  guests: boolean;
  fails: boolean;
};

export function world(): World {
  return {
    isHostAccepted: true,
    namespace: NAMESPACE,
    alias: ALIAS,
    query: { t: TOKEN },
    headers: { "x-ams-stream-name": "lead" },
    authorization: `Bearer ${CREDENTIAL}`,
    subprotocols: [],
    admission: admissionOf(LINK_HASH),
    remembered: undefined,
    account: accountOf(),
    guests: true,
    fails: false,
  };
}

export function connect(change: (world: World) => void = () => undefined) {
  const made = world();
  change(made);
  const request: ConnectRequest = {
    isHostAccepted: made.isHostAccepted,
    namespace: made.namespace,
    alias: made.alias,
    query: new URLSearchParams(made.query),
    authorization: made.authorization,
    subprotocols: made.subprotocols,
    headers: new Map(Object.entries(made.headers)),
  };
  const known = PEPPERS.credential.map((pepper) => hash(pepper, CREDENTIAL));
  const directory = {
    admission: (address: { alias: string }) => {
      if (made.fails) return Promise.reject(new DirectoryUnavailable("away"));
      return Promise.resolve(address.alias === ALIAS ? made.admission : null);
    },
    credentialHolder: (hashes: readonly string[]) => {
      const credential = hashes.find((each) => known.includes(each));
      const holder = credential === undefined ? null : { account_id: ACCOUNT, credential };
      return Promise.resolve(holder);
    },
    grantOf: (hashes: readonly string[]) => {
      const isKnown = hashes.some((each) => known.includes(each)) && made.account !== null;
      return Promise.resolve(
        isKnown ? { account: made.account, scopes: ["full"], key_id: null } : null,
      );
    },
  } as unknown as Directory;
  const { guests, remembered } = made;
  return admit(request, {
    directory,
    remembered: () => remembered,
    peppers: PEPPERS,
    replay: true,
    guests,
    now: () => NOW,
  });
}

export async function admittedBy(change?: (world: World) => void) {
  const admitted = await connect(change);
  if (!admitted.ok) throw new Error(admitted.fault);
  return admitted.value;
}
