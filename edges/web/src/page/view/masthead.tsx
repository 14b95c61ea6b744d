/** The top of a page: its name, and whether the deployment answers. */
import type { ComponentChildren } from "preact";
import { BASE } from "../wire/base.ts";
import { BRAND } from "./brand.ts";
import { Logo } from "./icons.tsx";
import { StatusPill } from "./status-pill.tsx";

export function Masthead({ children }: { readonly children?: ComponentChildren }) {
  return (
    <header class="masthead">
      <a class="brand" href={`${BASE}/`}>
        <Logo />
        <span>{BRAND}</span>
      </a>
      <div class="grow">{children}</div>
      <StatusPill />
    </header>
  );
}
