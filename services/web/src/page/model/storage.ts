/** What a browser keeps for this page. It may keep nothing: then everything works until the tab is closed. */
import type { Keep } from "./address.ts";

export const session: Keep = over(() => window.sessionStorage);
export const forever: Keep = over(() => window.localStorage);

/** Access itself may throw where storage is switched off; what was written is then kept as long as the page. */
function over(open: () => Storage): Keep {
  const memory = new Map<string, string>();
  return {
    get: (key) => {
      try {
        return open().getItem(`tincan ${key}`) ?? memory.get(key) ?? null;
      } catch {
        return memory.get(key) ?? null;
      }
    },
    set: (key, value) => {
      memory.set(key, value);
      try {
        open().setItem(`tincan ${key}`, value);
        return true;
      } catch {
        return false;
      }
    },
  };
}
