/** The edges that a standalone serves: one of the lists to which a new edge is added. */
import { amp } from "@ams/amp-edge";
import type { Edge } from "@ams/edge";
import { feed } from "@ams/feed";
import { hooks } from "@ams/hooks";
import { mcp } from "@ams/mcp";
import { mesh } from "@ams/mesh";
import { oauth } from "@ams/oauth";
import { web } from "@ams/web";
import { workflow } from "@ams/workflow";

export const EDGES: readonly Edge[] = [mcp, web, amp, workflow, mesh, feed, hooks, oauth];
