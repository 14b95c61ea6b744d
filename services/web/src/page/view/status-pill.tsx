/** Whether the deployment answers, asked now and then. */
import { health } from "@ams/client";
import { useEffect, useState } from "preact/hooks";

/** Milliseconds between two looks: a pill is for people, and each look is a request. */
const LOOK_MS = 10_000;
/** Milliseconds after which a look counts as no answer. */
const ANSWER_MS = 5_000;

type Status = { readonly kind: "asking" | "down" } | { readonly kind: "up"; readonly host: string };

export function StatusPill() {
  const [status, setStatus] = useState<Status>({ kind: "asking" });
  useEffect(() => {
    const look = () =>
      health(location.origin, { timeoutMs: ANSWER_MS }).then(
        ({ host }) => setStatus({ kind: "up", host }),
        () => setStatus({ kind: "down" }),
      );
    void look();
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  const text = { asking: "Looking…", up: "Online", down: "Not answering" }[status.kind];
  return (
    <span
      class={`pill ${status.kind}`}
      role="status"
      title={status.kind === "up" ? `Answered by ${status.host}` : ""}
    >
      {text}
    </span>
  );
}
