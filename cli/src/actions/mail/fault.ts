/** A provider's refusal as a failure of the command line. */
import { AmpError } from "@ams/amp";
import type { CliFault } from "../../faults/fault.ts";
import { CliError } from "../../faults/fault.ts";

export async function orCliError<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof AmpError)) throw error;
    const { code, message, status, field } = error;
    const details = {
      amp_error: code,
      ...(status === null ? {} : { http_status: status }),
      ...(field === null ? {} : { field }),
    };
    throw new CliError(faultOf(code, status), message, details);
  }
}

function faultOf(code: string, status: number | null): CliFault | "unreachable" | "rate_limited" {
  if (status === null || code === "not_amp" || status === 503) return "unreachable";
  if (status === 429 || status === 413) return "rate_limited";
  if (status === 400) return "bad_usage";
  return status >= 500 ? "internal" : "declined";
}
