// Turns any number of messages into at most one drawing per animation frame. What draws itself (lines, single numbers) is
// called in each frame in which it changed; what is built anew from a list, at most ten times a second: a table that changes
// faster than the eye reads it is only unrest.
import { useEffect, useState } from "preact/hooks";

const SHORTEST_MS = 100;

type Drawers = Map<string, Set<() => void>>;

const painters: Drawers = new Map();
const redrawers: Drawers = new Map();
const dirty = new Set<string>();
/** Parts whose components are still to be drawn. */
const owed = new Set<string>();
let asked = false;
let timed = false;
let drawnAt = 0;

/** Say that a part shows something old now. Cheap enough to call for each message. */
export function touch(part: string): void {
  dirty.add(part);
  if (asked) return;
  asked = true;
  requestAnimationFrame(draw);
}

/** Call `paint` in each frame in which the part was touched, until the function that is answered is called. */
export function painting(part: string, paint: () => void): () => void {
  return enter(painters, part, paint);
}

/** Call `paint` at most ten times a second: for what covers so many minutes that nobody sees it move in a frame. */
export function calmly(part: string, paint: () => void): () => void {
  return enter(redrawers, part, paint);
}

/** Draw the calling component again whenever one of these parts was touched. */
export function useParts(...parts: string[]): void {
  const [, setTurn] = useState(0);
  useEffect(() => {
    const redraw = () => setTurn((turn) => turn + 1);
    const leaves = parts.map((part) => enter(redrawers, part, redraw));
    redraw(); // something may have been touched between the first drawing and this line
    return () => leaves.forEach((leave) => leave());
  }, [parts.join(" ")]);
}

function enter(drawers: Drawers, part: string, drawer: () => void): () => void {
  const set = drawers.get(part) ?? new Set();
  drawers.set(part, set.add(drawer));
  return () => {
    set.delete(drawer);
    if (set.size === 0 && drawers.get(part) === set) drawers.delete(part);
  };
}

function draw(): void {
  asked = false;
  run(painters, dirty);
  for (const part of dirty) if (redrawers.has(part)) owed.add(part);
  dirty.clear();
  if (owed.size === 0 || timed) return;
  const wait = SHORTEST_MS - (performance.now() - drawnAt);
  if (wait <= 0) return redraw();
  timed = true;
  window.setTimeout(() => {
    timed = false;
    requestAnimationFrame(redraw);
  }, wait);
}

function redraw(): void {
  drawnAt = performance.now();
  const due = new Set(owed);
  owed.clear();
  run(redrawers, due);
}

function run(drawers: Drawers, parts: Iterable<string>): void {
  const due = new Set<() => void>();
  for (const part of parts) for (const drawer of drawers.get(part) ?? []) due.add(drawer);
  for (const drawer of due) drawer();
}
