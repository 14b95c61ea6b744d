/** A conversation by plain HTTP: read by JSON, events and text, written by one request. */
export { edge as feed } from "./edge.ts";
