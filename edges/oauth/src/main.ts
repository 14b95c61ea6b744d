/** The authorization server as a process of its own. */
import { runEdge } from "@ams/edge";
import { edge } from "./edge.ts";

await runEdge(edge);
