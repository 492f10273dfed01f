// Counts by the day, as bars with their numbers: few enough that each can be read.
import { utcDay } from "../live/format";
import { SEVERITIES, type Severity } from "../live/wire";

const WIDE = 42;
const GAP = 4;
const TALL = 44;
const TEXT = 13;

export interface DayCount {
  /** "2026-11-26", in UTC. */
  day: string;
  count: number;
  /** Of which so many of each severity, where that is known. */
  of?: Partial<Record<Severity, number>>;
}

/** `label` says what is counted: "Firings". */
export function Bars({ label, counts }: { label: string; counts: readonly DayCount[] }) {
  const most = Math.max(1, ...counts.map(({ count }) => count));
  const width = counts.length * WIDE;
  const height = TALL + 2 * TEXT;
  const told = counts.map((one) => `${one.day}: ${inWords(one)}`).join("; ");
  return (
    <div class="inset" tabIndex={0} role="group" aria-label={`${label} by day`}>
      <svg class="bars" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${label} by day (UTC). ${told}`}>
        {counts.map((one, index) => {
          const { day, count, of } = one;
          const tall = count ? Math.max(2, (count / most) * TALL) : 1;
          const middle = index * WIDE + WIDE / 2;
          const x = index * WIDE + GAP;
          const bar = (top: number, height: number, name?: string) => <rect key={name} class={name} x={x} y={top} width={WIDE - 2 * GAP} height={height} />;
          return (
            <g key={day} class={count ? undefined : "none"}>
              <title>{`${day} (UTC): ${inWords(one)}`}</title>
              {of && count ? stacked(of, count, tall).map(([severity, top, height]) => bar(TEXT + TALL - tall + top, height, severity)) : bar(TEXT + TALL - tall, tall)}
              <text x={middle} y={TEXT + TALL - tall - 3}>{count}</text>
              <text class="day" x={middle} y={height - 2}>{index && !day.endsWith("-01") ? Number(day.slice(8)) : utcDay(day)}</text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** The worst on top, as what a reader looks for. */
function stacked(of: Partial<Record<Severity, number>>, count: number, tall: number): [Severity, number, number][] {
  let top = 0;
  return [...SEVERITIES].reverse().flatMap((severity) => {
    const height = ((of[severity] ?? 0) / count) * tall;
    if (!height) return [];
    top += height;
    return [[severity, top - height, height]];
  });
}

function inWords({ count, of }: DayCount): string {
  const parts = SEVERITIES.filter((severity) => of?.[severity]).map((severity) => `${of![severity]} ${severity}`);
  return parts.length ? `${count} (${parts.reverse().join(", ")})` : `${count}`;
}
