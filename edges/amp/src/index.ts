/** The AMP provider as an edge. */
export { edge as amp } from "./edge.ts";
