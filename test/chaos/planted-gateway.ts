/** A gateway whose modules are edited while they are loaded: a program of tests alone. */
import { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { programFolder } from "../repository-root.ts";

const edits: unknown = JSON.parse(process.env.AMS_PLANTED_EDITS ?? "[]");
register(new URL("./planted-hooks.js", import.meta.url), { data: edits });
await import(pathToFileURL(join(programFolder("gateway"), "dist", "main.js")).href);
