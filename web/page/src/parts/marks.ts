// What happened, at the point of a line it is about: buttons over the canvas, so that keyboard and screen reader reach them too.
import type uPlot from "uplot";
import type { Severity } from "../live/wire";

export interface Mark {
  id: string;
  /** Milliseconds UTC. */
  at: number;
  /** On the scale `scale` ("y" if not said); where there is none the mark stands at the foot. */
  value?: number | undefined;
  scale?: string;
  tone: Severity | "info";
  /** What happened, in a sentence. */
  label: string;
  press?: (() => void) | undefined;
}

export interface Placed {
  mark: Mark;
  left: number;
  top: number;
}

/** The newest are shown. */
const MOST = 60;
const FOOT = 8;

/** Where marks are in pixels; those outside of what is seen are left out. */
export function placed(plot: uPlot, marks: readonly Mark[]): Placed[] {
  const { left: x0, top: y0, width, height } = plot.over.getBoundingClientRect();
  const base = plot.root.getBoundingClientRect();
  const found: Placed[] = [];
  for (const mark of marks.slice(-MOST)) {
    const x = plot.valToPos(mark.at / 1_000, "x");
    if (!(x >= 0 && x <= width)) continue;
    const y = mark.value === undefined ? height - FOOT : plot.valToPos(mark.value, mark.scale ?? "y");
    found.push({ mark, left: x + x0 - base.left, top: Math.min(Math.max(y, FOOT), height - FOOT) + y0 - base.top });
  }
  return found;
}

export class Marks {
  private readonly buttons = new Map<string, HTMLButtonElement>();
  private readonly presses = new Map<string, (() => void) | undefined>();

  constructor(private readonly layer: HTMLElement) {}

  show(marks: readonly Placed[]): void {
    const kept = new Set(marks.map(({ mark }) => mark.id));
    for (const [id, button] of this.buttons) {
      if (kept.has(id)) continue;
      button.remove();
      this.buttons.delete(id);
      this.presses.delete(id);
    }
    for (const { mark, left, top } of marks) {
      const button = this.buttons.get(mark.id) ?? this.made(mark.id);
      button.className = `mark ${mark.tone}`;
      if (button.title !== mark.label) {
        button.title = mark.label;
        button.setAttribute("aria-label", mark.label);
      }
      button.style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px)`;
      this.presses.set(mark.id, mark.press);
    }
  }

  private made(id: string): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.onclick = () => this.presses.get(id)?.();
    this.buttons.set(id, button);
    this.layer.append(button);
    return button;
  }
}
