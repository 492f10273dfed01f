// Turns any number of messages into at most one drawing per animation frame, and not more than ten a second: a number
// that changes faster than the eye reads it is only unrest.
import { useEffect, useState } from "preact/hooks";

export type Part = "quotes" | "events" | "watchdogs" | "rules" | "deliveries" | "tree" | "link" | "clock";

const SHORTEST_MS = 100;

const drawers = new Map<Part, Set<() => void>>();
const dirty = new Set<Part>();
let asked = false;
let drawnAt = 0;

/** Say that a part shows something old now. Cheap enough to call for each message. */
export function touch(part: Part): void {
  dirty.add(part);
  if (asked) return;
  asked = true;
  const wait = SHORTEST_MS - (performance.now() - drawnAt);
  if (wait <= 0) requestAnimationFrame(draw);
  else window.setTimeout(() => requestAnimationFrame(draw), wait);
}

/** Draw the calling component again whenever one of these parts was touched. */
export function useParts(...parts: Part[]): void {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const redraw = () => setTurn((turn) => turn + 1);
    for (const part of parts) {
      const set = drawers.get(part) ?? new Set();
      drawers.set(part, set.add(redraw));
    }
    redraw(); // something may have been touched between the first drawing and this line
    return () => {
      for (const part of parts) drawers.get(part)?.delete(redraw);
    };
  }, []);
}

function draw(): void {
  asked = false;
  drawnAt = performance.now();
  const due = new Set<() => void>();
  for (const part of dirty) for (const redraw of drawers.get(part) ?? []) due.add(redraw);
  dirty.clear();
  for (const redraw of due) redraw();
}
