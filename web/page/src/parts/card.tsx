// One number of several, with its name above it and what there is to say below it. They stand in a <dl class="cards">.
import type { ComponentChildren } from "preact";

export function Card({ name, note, children }: { name: string; note?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="card">
      <dt>{name}</dt>
      <dd>{children}{note && <span class="dim">{note}</span>}</dd>
    </div>
  );
}
