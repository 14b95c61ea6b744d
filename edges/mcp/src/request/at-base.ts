/** A link at the address at which its reader reaches the deployment. */

/** The same link at another base URL: it works on every host name of the deployment. */
export function atBase(magicLink: string, baseUrl: string): string {
  const { pathname, search } = new URL(magicLink);
  const path = pathname.split("/").slice(-3).join("/");
  return `${baseUrl}/${path}${search}`;
}
