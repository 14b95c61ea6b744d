/** What an agent is refused by the service, and what it finds by itself. */

/** Codes of the service (docs/WORKFLOWS.md), and those of this side. */
export type WorkflowErrorCode =
  | (string & {})
  | "ambiguous_run"
  | "no_ready_step"
  | "ambiguous_step"
  | "fork_detected"
  | "unreachable";

export class WorkflowError extends Error {
  override readonly name = "WorkflowError";
  readonly code: WorkflowErrorCode;
  /** As the service said it; empty for what this side found. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: WorkflowErrorCode, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  get isHalt(): boolean {
    return this.code === "halted";
  }

  get isFork(): boolean {
    return this.code === "fork_detected" || this.details.class === "security";
  }
}
