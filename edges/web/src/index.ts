/** TinCan: the page of a deployment, and what a magic link answers to whoever asks it. */
export { edge as web } from "./edge.ts";
