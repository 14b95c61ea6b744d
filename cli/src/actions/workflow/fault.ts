/** A refusal of the workflow service as a failure of the command line. */
import { WorkflowError } from "@ams/workflow-client";
import { CliError } from "../../faults/fault.ts";

type Code = ConstructorParameters<typeof CliError>[0];

/** By the class of the error, as the service says it. */
const OF_CLASS: Readonly<Record<string, Code>> = {
  input: "bad_usage",
  identity: "declined",
  missing: "declined",
  conflict: "declined",
  halted: "declined",
  security: "declined",
  load: "unreachable",
};

const OF_CODE: Readonly<Record<string, Code>> = {
  invalid_magic_link: "invalid_link",
  invalid_token: "invalid_link",
  invalid_credential: "invalid_credential",
  missing_credential: "no_account",
  rate_limited: "rate_limited",
  internal_error: "internal",
  unreachable: "unreachable",
  ambiguous_run: "bad_usage",
  ambiguous_step: "bad_usage",
  no_ready_step: "declined",
};

export async function orCliError<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof WorkflowError)) throw error;
    const { code, message, details } = error;
    const fault = OF_CODE[code] ?? OF_CLASS[String(details.class)] ?? "declined";
    throw new CliError(fault, message, { ...details, workflow_error: code }, error);
  }
}
