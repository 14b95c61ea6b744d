/**
 * Which app answers which request of the one port. Connects never come here: the gateway takes
 * them.
 */
import type { HttpApp } from "@ams/process";
import { isMatch } from "./route-match.ts";
import { ROUTES } from "./routes.ts";

type Apps = Readonly<Record<string, HttpApp>> & { readonly control: HttpApp };

/** The app of the first route that matches answers; routes of services not here are left out. */
export function createFront(apps: Apps): HttpApp {
  const table = ROUTES.flatMap((route) => {
    const app = apps[route.service];
    return app === undefined ? [] : [{ route, app }];
  });
  return {
    fetch: async (request, peer) => {
      const path = new URL(request.url).pathname;
      const row = table.find(({ route }) => isMatch(route, request, path));
      return (row?.app ?? apps.control).fetch(request, peer);
    },
  };
}
