/** The request with which a load client asks for a WebSocket. */

/** Any key does: the client doesn't check the answer to it. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

export function upgradeRequest(
  path: string,
  headers: Readonly<Record<string, string>> = {},
): string {
  const all = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}
