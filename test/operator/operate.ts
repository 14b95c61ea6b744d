/** The operator API of a deployment, asked as an operator does, and the command that makes keys. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { repositoryRoot } from "../repository-root.ts";

const COMMAND = join(repositoryRoot(), "services", "control", "dist", "command.js");

export type OperatorAnswer = {
  readonly status: number;
  readonly requestId: string | null;
  readonly text: string;
  /** Undefined when it is empty or no JSON. */
  readonly json: ReturnType<typeof JSON.parse>;
};

export type Operator = (method: string, path: string, body?: unknown) => Promise<OperatorAnswer>;

/** Makes a key by the command, and asks the admin port at this address with it. */
export async function operatorOf(
  adminUrl: string,
  env: Readonly<Record<string, string>>,
  ...more: readonly string[]
): Promise<Operator> {
  const key = await keyOf(env, ...more);
  return (method, path, body) => ask(`${adminUrl}/operator/v1${path}`, method, key, body);
}

/** A key of the role admin. */
export async function keyOf(
  env: Readonly<Record<string, string>>,
  ...more: readonly string[]
): Promise<string> {
  const made = await control(env, "operator-key", "create", "ida", "admin", ...more);
  return JSON.parse(made).operator_key;
}

/** What the operator's command prints. */
export async function control(
  env: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, ...words], {
    env: { ...process.env, ...env },
  });
  return stdout;
}

async function ask(
  url: string,
  method: string,
  key: string,
  body: unknown,
): Promise<OperatorAnswer> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json" && text !== "";
  const requestId = response.headers.get("x-request-id");
  return { status: response.status, requestId, text, json: isJson ? JSON.parse(text) : undefined };
}
