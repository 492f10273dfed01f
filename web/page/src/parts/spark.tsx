// A price line without axes: its shape is the message, the numbers stand beside it.
import type { Point } from "../live/trail";

const WIDTH = 120;
const HEIGHT = 24;
const EDGE = 2;

export function Spark({ points, label }: { points: Point[]; label: string }) {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || points.length < 2) return <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" />;
  let low = first.value;
  let high = first.value;
  for (const { value } of points) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const span = Math.max(last.at - first.at, 1);
  const x = (at: number) => EDGE + ((at - first.at) / span) * (WIDTH - 2 * EDGE);
  // A price that did not move is a line in the middle, not on the floor.
  const y = (value: number) => (high === low ? HEIGHT / 2 : EDGE + ((high - value) / (high - low)) * (HEIGHT - 2 * EDGE));
  let path = "";
  for (const { at, value } of points) path += `${path ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
  const start = y(first.value).toFixed(1);
  return (
    <svg
      class={`spark ${last.value >= first.value ? "up" : "down"}`}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <line x1={EDGE} x2={WIDTH - EDGE} y1={start} y2={start} />
      <path class="area" d={`${path}L${x(last.at).toFixed(1)} ${HEIGHT}L${EDGE} ${HEIGHT}Z`} />
      <path d={path} />
    </svg>
  );
}
