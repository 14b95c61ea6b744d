/** Under which address this machine's own user reaches what listens on a host and port. */

/** What listens on these listens on every address of the machine. */
const EVERY_ADDRESS = ["0.0.0.0", "::", ""];

/** `http://host:port` for a client on the same machine; a bare IPv6 address is put in brackets. */
export function localUrl(host: string, port: number): string {
  const shown = EVERY_ADDRESS.includes(host) ? "127.0.0.1" : host;
  return `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
}
