/** The few pictures of the page, drawn in its own colours. */

/** Two cans and the string between them. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 40 24" width="40" height="24" aria-hidden="true">
      <path class="string" d="M10 9c7 9 13 9 20 0" />
      <path class="can" d="M2 5.5c0-1.4 8-1.4 8 0v10c0 1.6-8 1.6-8 0z" />
      <path class="can" d="M30 5.5c0-1.4 8-1.4 8 0v10c0 1.6-8 1.6-8 0z" />
    </svg>
  );
}

const PATHS = {
  people: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zm-6 6c0-3 2.500-5 6-5s6 2 6 5",
  wire: "M5 4 1 8l4 4M11 4l4 4-4 4",
  plug: "M6 1v4m4-4v4M4 5h8v3a4 4 0 0 1-8 0zm4 7v3",
  invite: "M8 3v10M3 8h10",
  key: "M10 2.500a3.500 3.500 0 1 1-2.700 5.700L2 13.500V15h2v-2h2v-2h1.500",
  close: "M3.500 3.500l9 9m0-9-9 9",
  down: "M8 2.500v11m-4.500-4.500L8 13.500 12.500 9",
  up: "M8 13.500v-11M3.500 7 8 2.500 12.500 7",
  warning: "M8 2 1.500 13.500h13zM8 6.500v3.200m0 2v.1",
  check: "m3 8.500 3.500 3.500L13 4.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
