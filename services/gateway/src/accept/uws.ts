/**
 * The only file that imports uWebSockets.js: what the gateway uses of it, and what its types leave
 * out.
 */
import "./uws-environment.ts";
import * as uWS from "uWebSockets.js";

export type UwsApp = uWS.TemplatedApp;
export type UwsRequest = uWS.HttpRequest;
export type UwsResponse = uWS.HttpResponse;
export type UwsWebSocket<Data> = uWS.WebSocket<Data>;
export type UwsListenSocket = uWS.us_listen_socket;

/** Without it a second process may bind the same port, and takes half of the connections. */
const EXCLUSIVE_PORT = 1;

export function createUwsApp(): UwsApp {
  return uWS.App();
}

/** Listens on this address alone; null when the port can't be had. */
export function listen(
  app: UwsApp,
  at: { readonly host: string; readonly port: number },
): Promise<{ readonly socket: UwsListenSocket; readonly port: number } | null> {
  return new Promise((resolve) => {
    const done = (socket: UwsListenSocket | false) => {
      resolve(socket === false ? null : { socket, port: uWS.us_socket_local_port(socket) });
    };
    if (listensOnHost(app)) app.listen(at.host, at.port, EXCLUSIVE_PORT, done);
  });
}

/** The types leave out the form that takes both host and options; the library doesn't. */
interface ListensOnHost {
  listen(
    host: string,
    port: number,
    options: number,
    done: (socket: UwsListenSocket | false) => void,
  ): unknown;
}

function listensOnHost(app: UwsApp): app is UwsApp & ListensOnHost {
  return typeof app.listen === "function";
}

/** Takes no more connections; those that are there stay. */
export function stopListening(socket: UwsListenSocket): void {
  uWS.us_listen_socket_close(socket);
}
