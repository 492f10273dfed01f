// Single numbers with their names, side by side.
import type { ComponentChildren } from "preact";

export function Cards({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <dl class="cards" aria-label={label}>
      {children}
    </dl>
  );
}

interface CardProps {
  name: string;
  /** What is not known is a dash. */
  children: ComponentChildren;
  /** A few words below the number. */
  note?: ComponentChildren;
  tone?: "up" | "down" | "warn" | "" | undefined;
  /** What the number means, for who points at it. */
  title?: string;
}

export function Card({ name, children, note, tone = "", title }: CardProps) {
  return (
    <div class="card" title={title}>
      <dt>{name}</dt>
      <dd class={`num ${tone}`}>
        {children ?? "–"}
        {note && <span class="dim">{note}</span>}
      </dd>
    </div>
  );
}
