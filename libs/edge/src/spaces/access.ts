/**
 * Who may use a space, as a fold of its access journal: who opened it, members, the sealed link,
 * the layout. A space is a conversation that a service serves.
 */
import type { Fold, Stored } from "@ams/journal";

export type Layout = "gated" | "observed";

export type Opened = {
  readonly namespace: string;
  readonly alias: string;
  readonly layout: Layout;
  readonly emitTo: string | null;
  /** Seconds after which bodies are erased; never where it is absent. */
  readonly bodyTtlS?: number;
  /** The secret that the space's key is made of. */
  readonly secretId: string;
  /** Of the log: `<host>/<service>/<conversation id>`. */
  readonly origin: string;
};

export type AccessEvent =
  | ({ readonly event: "opened" } & Opened)
  | { readonly event: "link"; readonly sealed: string }
  | { readonly event: "member"; readonly account: string }
  | { readonly event: "removed"; readonly account: string }
  | { readonly event: "closed" }
  /** Its link was shown again: the conversation is there. */
  | { readonly event: "reopened" };

export type Access = {
  opened: Opened | null;
  /** Unix milliseconds; 0 before. */
  openedAt: number;
  sealedLink: string | null;
  readonly members: Set<string>;
  isClosed: boolean;
};

export function newAccess(): Access {
  return { opened: null, openedAt: 0, sealedLink: null, members: new Set(), isClosed: false };
}

export function accessEntry(event: AccessEvent, key?: string) {
  const bytes = Buffer.from(JSON.stringify(event));
  return key === undefined ? { kind: event.event, bytes } : { kind: event.event, key, bytes };
}

export function accessFold(access: Access): Fold {
  return {
    format: "access.1",
    apply: (entry) => applyAccess(access, entry),
    save: () => Buffer.from(JSON.stringify({ ...access, members: [...access.members] })),
    load: () => false,
  };
}

function applyAccess(access: Access, { bytes, at }: Stored): void {
  const event: AccessEvent = JSON.parse(Buffer.from(bytes).toString());
  switch (event.event) {
    case "opened": {
      const { event: _, ...opened } = event;
      if (access.opened === null) access.openedAt = at;
      access.opened ??= opened;
      return;
    }
    case "link":
      access.sealedLink = event.sealed;
      return;
    case "member":
      access.members.add(event.account);
      return;
    case "removed":
      access.members.delete(event.account);
      return;
    case "closed":
      access.isClosed = true;
      return;
    case "reopened":
      access.isClosed = false;
  }
}
