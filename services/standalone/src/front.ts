/**
 * Which app answers which request of the one port. Connects never come here: the gateway takes
 * them.
 */
import { isMcpRequest } from "@ams/mcp";
import type { HttpApp } from "@ams/process";
import { isPageRequest } from "@ams/web";

type Row = {
  readonly takes: (request: Request, path: string) => boolean;
  readonly app: HttpApp | undefined;
};

type Apps = Readonly<Record<string, HttpApp>> & { readonly control: HttpApp };

/** The first app of the table that takes the request answers it. */
export function createFront({ mcp, web, control }: Apps): HttpApp {
  const table: readonly Row[] = [
    // Before the page: a GET of a magic link is an MCP client's when it asks for an event stream.
    { takes: (request, path) => isMcpRequest(request, path), app: mcp },
    { takes: (request, path) => isPageRequest(request, path), app: web },
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
