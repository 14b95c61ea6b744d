/** A part of the page that is loaded when it is first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

/**
 * A component in place of one that `load` brings. `what` is what it shows, for the sentence where
 * it can't be loaded.
 */
export function lazy<Props extends object>(
  what: string,
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const [state, setState] = useState<"loading" | "there" | "failed">("loading");
    useEffect(() => {
      if (loaded !== null) return;
      load().then(
        (component) => {
          loaded = component;
          setState("there");
        },
        () => setState("failed"),
      );
    }, []);
    const Loaded = loaded;
    if (Loaded !== null) return <Loaded {...props} />;
    if (state === "loading") return <p class="soft">Loading…</p>;
    return <p role="alert">{what} can't be loaded. Check your network, and load the page again.</p>;
  };
}
