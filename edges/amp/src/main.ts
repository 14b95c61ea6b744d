/** The AMP edge as a process of its own. */
import { runEdge } from "@ams/edge";
import { edge } from "./edge.ts";

const { AMS_AMP_PORT: port = "" } = process.env;
if (/^\d+$/.test(port)) process.env.PORT = port;

await runEdge(edge);
