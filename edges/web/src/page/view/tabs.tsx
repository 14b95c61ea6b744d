/** Tabs, as the keyboard and screen readers know them: arrows move between them. */
import { useRef } from "preact/hooks";

export type Tab<Name extends string> = { readonly name: Name; readonly label: string };

type Props<Name extends string> = {
  readonly tabs: readonly Tab<Name>[];
  readonly chosen: Name;
  readonly label: string;
  readonly onChoose: (name: Name) => void;
};

export function Tabs<Name extends string>({ tabs, chosen, label, onChoose }: Props<Name>) {
  const bar = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const at = tabs.findIndex(({ name }) => name === chosen);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChoose(next.name);
    bar.current?.querySelector<HTMLElement>(`[data-tab="${next.name}"]`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={bar} onKeyDown={onKeyDown}>
      {tabs.map(({ name, label: text }) => (
        <button
          type="button"
          role="tab"
          key={name}
          id={`tab-${name}`}
          data-tab={name}
          aria-selected={name === chosen}
          aria-controls={`panel-${name}`}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => onChoose(name)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
