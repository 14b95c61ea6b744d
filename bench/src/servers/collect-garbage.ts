/**
 * Loaded into a gateway before it (`--import`): collects garbage when SIGUSR2 comes, so that what
 * is read of its memory is what it holds, and not what it has let go of since the runtime last
 * looked.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
// Otherwise pages stay that are almost empty: how many shows how busy a gateway was.
setFlagsFromString("--compact-on-every-full-gc");
const collect: unknown = runInNewContext("gc");
process.on("SIGUSR2", () => {
  if (typeof collect === "function") collect();
});
