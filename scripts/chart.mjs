// What is made from deploy/k8s/ams/values.yaml: README.md, a table of every value with its comment,
// and values.schema.json, which takes what values.yaml has and refuses everything else.
import { isMap, parseDocument } from "yaml";
import { EXCEPTIONS, edgeSchema, WORKLOADS, workloadProperties } from "./chart-exceptions.mjs";

const SCHEMA = "https://json-schema.org/draft-07/schema#";

/** @returns {object} values.schema.json for this text of values.yaml. */
export function chartSchema(text) {
  const root = schemaOf({ ...parseDocument(text).toJS(), edges: "" }, "");
  root.properties.edges = {
    type: "object",
    propertyNames: { pattern: "^[a-z][a-z0-9-]{0,19}$" },
    additionalProperties: edgeSchema,
  };
  // Helm itself adds these.
  root.properties.global = { type: "object" };
  return { $schema: SCHEMA, title: "Values of the chart ams", ...root };
}

/** By its example in values.yaml, unless an exception has its path. */
function schemaOf(value, path) {
  const exception = EXCEPTIONS[path] ?? EXCEPTIONS[`*.${path.split(".").at(-1)}`];
  if (exception !== undefined) return exception;
  if (Array.isArray(value)) throw new Error(`${path}: a list needs an entry in EXCEPTIONS`);
  switch (typeof value) {
    case "string":
      return { type: "string", maxLength: 2048 };
    case "boolean":
      return { type: "boolean" };
    case "number":
      return { type: "integer", minimum: 0 };
    default:
      return objectSchema(value, path);
  }
}

function objectSchema(value, path) {
  const keys = Object.keys(value);
  if (keys.length === 0) throw new Error(`${path}: a free map needs an entry in EXCEPTIONS`);
  const below = (key) => (path === "" ? key : `${path}.${key}`);
  const own = Object.fromEntries(keys.map((key) => [key, schemaOf(value[key], below(key))]));
  const properties = WORKLOADS.includes(path) ? { ...workloadProperties, ...own } : own;
  return { type: "object", additionalProperties: false, properties };
}

/** @returns {string} README.md for these texts of values.yaml and of its beginning. */
export function chartReadme(text, beginning) {
  const rows = rowsOf(parseDocument(text).contents, "");
  const table = ["| value | default | what it does |", "|---|---|---|", ...rows];
  return `${beginning.trimEnd()}\n\n## Values\n\n${table.join("\n")}\n`;
}

/** One row for each value that has a comment; the comment of a map is a row without a default. */
function rowsOf(map, path) {
  return map.items.flatMap(({ key, value }, index) => {
    const below = path === "" ? key.value : `${path}.${key.value}`;
    // The parser gives the comment of a map's first value to the map.
    const comment = key.commentBefore ?? (index === 0 ? map.commentBefore : null) ?? "";
    const about = comment.trim().replace(/\n\s*/g, " ");
    const isGroup = isMap(value) && value.items.length > 0 && !value.flow;
    const standard = isGroup ? "" : `\`${JSON.stringify(value.toJSON())}\``;
    const row = about === "" && isGroup ? [] : [`| \`${below}\` | ${standard} | ${cell(about)} |`];
    return isGroup && !isFree(below) ? [...row, ...rowsOf(value, below)] : row;
  });
}

/** Maps whose keys are the user's. */
function isFree(path) {
  return /\.(?:annotations|resources)$/.test(path);
}

function cell(text) {
  return text.replaceAll("|", "\\|");
}
