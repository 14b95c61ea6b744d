// The HEALTHCHECK of every image: whether the process answers on its admin port. It is `/livez`,
// not `/readyz`: a process that waits for another one isn't ill, and is not to be restarted.
const port = process.env.AMS_ADMIN_PORT ?? "9090";
/** Milliseconds: below the timeout of the HEALTHCHECK itself. */
const signal = AbortSignal.timeout(4_000);
const isLive = await fetch(`http://127.0.0.1:${port}/livez`, { signal }).then(
  ({ ok }) => ok,
  () => false,
);
process.exit(isLive ? 0 : 1);
