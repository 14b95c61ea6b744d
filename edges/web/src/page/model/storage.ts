/**
 * What a browser keeps for this page. It may keep nothing: then everything works until the tab is
 * closed.
 */
import { baseOf, type Keep } from "./address.ts";

export const session: Keep = over(() => window.sessionStorage);
export const browser: Keep = over(() => window.localStorage);

/** False where the browser keeps nothing: what is written is gone with the page. */
export function isKeeping(keep: Keep): boolean {
  return keep.set("probe", "");
}

/** Calls back when another tab has written what is kept in the browser under this key. */
export function onOtherTabsWrite(key: string, hear: () => void): void {
  const full = fullKey(new URL(location.href), key);
  window.addEventListener("storage", (event) => {
    if (event.key === full) hear();
  });
}

/**
 * Access itself may throw where storage is switched off; what was written is then kept as long as
 * the page.
 */
function over(open: () => Storage): Keep {
  const memory = new Map<string, string>();
  const full = (key: string) => fullKey(new URL(location.href), key);
  return {
    get: (key) => {
      try {
        return open().getItem(full(key)) ?? memory.get(key) ?? null;
      } catch {
        return memory.get(key) ?? null;
      }
    },
    set: (key, value) => {
      memory.set(key, value);
      try {
        open().setItem(full(key), value);
        return true;
      } catch {
        return false;
      }
    },
  };
}

/**
 * Storage is the whole host's: deployments below different paths of it keep theirs apart. A key
 * begins with no slash.
 */
export function fullKey(page: URL, key: string): string {
  const { pathname } = new URL(baseOf(page));
  return pathname === "/" ? `tincan ${key}` : `tincan ${pathname} ${key}`;
}
