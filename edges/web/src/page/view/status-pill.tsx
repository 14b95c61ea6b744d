/** Whether the deployment answers. */
import { useEffect } from "preact/hooks";
import { status, watchDeployment } from "../wire/status.ts";

const TEXTS = { asking: "Looking…", up: "Online", down: "Not answering" } as const;

export function StatusPill() {
  useEffect(watchDeployment, []);
  const now = status.value;
  return (
    <span
      class={`pill ${now.kind}`}
      role="status"
      title={now.kind === "up" ? `Answered by ${now.host}` : ""}
    >
      {TEXTS[now.kind]}
    </span>
  );
}
