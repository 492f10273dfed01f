// Counts by the day, as bars with their numbers: few enough that each can be read.
import { utcDay } from "../../live/format";

const WIDE = 42;
const GAP = 4;
const TALL = 44;
const TEXT = 13;

export function Bars({ counts }: { counts: readonly [day: string, count: number][] }) {
  const most = Math.max(1, ...counts.map(([, count]) => count));
  const width = counts.length * WIDE;
  const height = TALL + 2 * TEXT;
  const label = counts.map(([day, count]) => `${day}: ${count}`).join(", ");
  return (
    <svg class="bars" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`Firings by day (UTC). ${label}`}>
      {counts.map(([day, count], index) => {
        const tall = count ? Math.max(2, (count / most) * TALL) : 1;
        const middle = index * WIDE + WIDE / 2;
        return (
          <g key={day} class={count ? undefined : "none"}>
            <title>{`${day} (UTC): ${count}`}</title>
            <rect x={index * WIDE + GAP} y={TEXT + TALL - tall} width={WIDE - 2 * GAP} height={tall} rx={count ? 2 : 0} />
            <text x={middle} y={TEXT + TALL - tall - 3}>{count}</text>
            <text class="day" x={middle} y={height - 2}>{index && !day.endsWith("-01") ? Number(day.slice(8)) : utcDay(day)}</text>
          </g>
        );
      })}
    </svg>
  );
}
