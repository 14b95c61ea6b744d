/** What the conversation's maker wrote for those who join, for people to read too. */
import type { Live } from "../wire/live.ts";

export function About({ live }: { readonly live: Live }) {
  const text = live.facts.value?.metadata.instructions;
  if (typeof text !== "string" || text.trim() === "") return null;
  return (
    <section class="about">
      <h2>About this conversation</h2>
      <p dir="auto">{text}</p>
    </section>
  );
}
