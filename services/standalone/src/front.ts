/** Which app answers which request of the one port. Connects never come here: the gateway takes them. */
import { isMcpRequest } from "@ams/mcp";
import { isPageRequest } from "@ams/web";

/** Where a connection came from. */
type PeerAddress = { readonly address: string };

export type App = {
  readonly fetch: (request: Request, peer: PeerAddress) => Promise<Response>;
};

type Row = { readonly takes: (request: Request, path: string) => boolean; readonly app: App };

type Apps = { readonly mcp: App; readonly web: App; readonly control: App };

/** The first app of the table that takes the request answers it. */
export function createFront({ mcp, web, control }: Apps): App {
  const table: readonly Row[] = [
    // Before the page: a GET of a magic link is an MCP client's when it asks for an event stream.
    { takes: (request, path) => isMcpRequest(request, path), app: mcp },
    { takes: ({ method }, path) => isPageRequest(method, path), app: web },
    { takes: () => true, app: control },
  ];
  return {
    fetch: async (request, peer) => {
      const path = new URL(request.url).pathname;
      const row = table.find(({ takes }) => takes(request, path));
      return (row?.app ?? control).fetch(request, peer);
    },
  };
}
