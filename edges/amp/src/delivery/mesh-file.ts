/** The hosts of one local network, from the operator's file. */
import { z } from "zod";
import { parse } from "../tenants.ts";

const HOST = z.object({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  url: z.url(),
  self: z.boolean().optional(),
  addresses: z.array(z.string()).max(64).optional(),
  secret: z.string().min(8).optional(),
});

const FILE = z.object({
  mesh: z.object({
    signatures: z.enum(["strict", "trusted", "open"]).default("strict"),
    hosts: z.array(HOST).min(1).max(256),
  }),
});

export type MeshHost = {
  readonly id: string;
  readonly url: string;
  readonly addresses: readonly string[];
  readonly secret: string | null;
};

export type Mesh = {
  readonly signatures: "strict" | "trusted" | "open";
  readonly self: MeshHost;
  readonly others: readonly MeshHost[];
  /** Hosts that answered last. */
  readonly reachable: Set<string>;
};

/** Throws with a sentence when the file can't be read. */
export function readMesh(path: string): Mesh {
  const read = FILE.safeParse(parse(path, "AMS_AMP_MESH_FILE"));
  if (!read.success) {
    const { path: at = [], message = "" } = read.error.issues[0] ?? {};
    throw new Error(`AMS_AMP_MESH_FILE is wrong at ${at.join(".")}: ${message}`);
  }
  const { signatures, hosts } = read.data.mesh;
  const all = hosts.map(({ id, url, addresses = [], secret = null, self = false }) => ({
    isSelf: self,
    host: { id, url: url.replace(/\/$/, ""), addresses, secret },
  }));
  const [own, ...more] = all.filter(({ isSelf }) => isSelf);
  if (own === undefined || more.length > 0)
    throw new Error('AMS_AMP_MESH_FILE must mark one host as "self".');
  const others = all.flatMap(({ isSelf, host }) => (isSelf ? [] : [host]));
  return { signatures, self: own.host, others, reachable: new Set() };
}
