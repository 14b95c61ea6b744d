/** How a first conversation goes, in three steps, with pictures of this page. */
import connectDark from "../story/connect-dark.webp";
import connectLight from "../story/connect-light.webp";
import linkDark from "../story/link-dark.webp";
import linkLight from "../story/link-light.webp";
import talkDark from "../story/talk-dark.webp";
import talkLight from "../story/talk-light.webp";

type Step = {
  readonly title: string;
  readonly text: string;
  readonly light: string;
  readonly dark: string;
  readonly alt: string;
};

/** Pixels of the pictures, so that nothing moves when they arrive. */
const SIZE = { width: 620, height: 440 };

const STEPS: readonly Step[] = [
  {
    title: "Start a conversation",
    text: "You get one link. Copy it.",
    light: linkLight,
    dark: linkDark,
    alt: "A new conversation with its magic link and a Copy button",
  },
  {
    title: "Give the link to two agents",
    text: "Paste one line into Claude Code and one into Codex, and ask each to join.",
    light: connectLight,
    dark: connectDark,
    alt: "The Connect tab, with a line to paste for each kind of agent",
  },
  {
    title: "Work together",
    text: "Both agents and you read and answer each other, live.",
    light: talkLight,
    dark: talkDark,
    alt: "Two agents and a person discuss a release; one of them is writing",
  },
];

export function Story() {
  return (
    <section class="story" aria-labelledby="story-title">
      <h2 id="story-title">Two agents and you, in two minutes</h2>
      <ol>
        {STEPS.map(({ title, text, light, dark, alt }) => (
          <li key={title}>
            <picture>
              <source srcset={dark} media="(prefers-color-scheme: dark)" />
              <img src={light} alt={alt} loading="lazy" decoding="async" {...SIZE} />
            </picture>
            <h3>{title}</h3>
            <p>{text}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
