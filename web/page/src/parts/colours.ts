// The colours of the style sheet, for what is drawn on a canvas.
import { theme } from "../live/preferences";

/** Names of the style sheet's colours, without the dashes. */
export type Colour = "text" | "dim" | "line" | "accent" | "up" | "down" | "amber" | "orange" | "violet" | "teal" | "panel";

const LIGHT = matchMedia("(prefers-color-scheme: light)");
const known = new Map<string, string>();
let probe: HTMLElement | undefined;

/** The colour as the browser resolves it in the present theme: `rgb(...)`. */
export function colour(name: Colour): string {
  const key = `${theme()} ${LIGHT.matches} ${name}`;
  let found = known.get(key);
  if (!found) {
    probe ??= document.body.appendChild(document.createElement("i"));
    probe.hidden = true;
    probe.style.color = `var(--${name})`;
    found = getComputedStyle(probe).color;
    known.set(key, found);
  }
  return found;
}

/** The same colour, let through so far: 0 is nothing of it, 1 all. */
export function faint(name: Colour, share: number): string {
  return colour(name).replace(/^rgb\(([\d., ]+)\)$/, (_, parts: string) => `rgba(${parts}, ${share})`);
}
