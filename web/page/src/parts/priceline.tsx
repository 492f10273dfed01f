// The price of a symbol over a span of the past, with marks where something happened.
import { useEffect, useId, useState } from "preact/hooks";
import { items } from "../live/lists";
import { touch } from "../live/paint";
import { get, Problem } from "../live/rest";
import type { Bar } from "../live/wire";
import { Chart, type Columns } from "./chart";
import type { Mark } from "./marks";
import { Nothing } from "./parts";

/** Widths of a bar, in minutes, the narrowest that makes at most so many points is taken. */
const WIDTHS = [[1, "1m"], [5, "5m"], [15, "15m"], [60, "1h"], [240, "4h"], [1_440, "1d"]] as const;
const MOST_POINTS = 1_500;
const MINUTE_MS = 60_000;
/** So many bars without a trade are a hole. */
const LONG = 30;

interface PriceLineProps {
  symbol: string;
  /** Milliseconds UTC. */
  from: number;
  to: number;
  /** A mark without a value stands on the line. */
  marks: readonly Mark[];
  height?: number;
}

export function PriceLine({ symbol, from, to, marks, height = 200 }: PriceLineProps) {
  const part = `priceline:${useId()}`;
  const [points, setPoints] = useState<Columns>();
  // To the minute: a span that ends now is not asked for anew with every redraw.
  const first = Math.floor(from / MINUTE_MS) * MINUTE_MS;
  const last = Math.ceil(to / MINUTE_MS) * MINUTE_MS;
  useEffect(() => {
    let current = true;
    void barsOf(symbol, first, last).then((found) => {
      if (!current) return;
      setPoints(found);
      touch(part);
    });
    return () => {
      current = false;
    };
  }, [symbol, first, last]);
  if (!points) return <Nothing>Reading the prices of {symbol}.</Nothing>;
  if (points[0].length === 0) return <Nothing>There are no prices of {symbol} from that time. A feed or pushed bars would draw them.</Nothing>;
  const shown = marks.map((mark) => ({ ...mark, value: mark.value ?? valueAt(points, mark.at / 1_000) }));
  return (
    <Chart
      label={`Price of ${symbol}, ${marks.length} marked`}
      part={part}
      lines={[{ label: symbol, colour: "accent" }]}
      read={() => points}
      marks={() => shown}
      span={() => [first / 1_000, last / 1_000]}
      height={height}
    />
  );
}

async function barsOf(symbol: string, from: number, to: number): Promise<Columns> {
  const minutes = (to - from) / MINUTE_MS;
  const [width, interval] = WIDTHS.find(([width]) => minutes / width <= MOST_POINTS) ?? WIDTHS.at(-1)!;
  const query = new URLSearchParams({ symbol, interval, from: new Date(from).toISOString(), to: new Date(to).toISOString(), limit: "10000" });
  try {
    return withHoles(items<Bar>(await get(`/api/oracle/bars?${query}`)), width * 60);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return [[], []]; // what happened is listed beside it anyway
  }
}

/** Where nobody traded for long the line has a hole: nights, weekends, a server that was off. */
function withHoles(bars: readonly Bar[], widthS: number): Columns {
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (const bar of bars) {
    const at = Date.parse(bar.ts) / 1_000;
    if (at - (times.at(-1) ?? at) > LONG * widthS) {
      times.push(times.at(-1)! + widthS);
      values.push(null);
    }
    times.push(at);
    values.push(bar.close);
  }
  return [times, values];
}

/** The value of the last point up to a time; undefined before the first. */
function valueAt([times, values]: Columns, at: number): number | undefined {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return values?.[low - 1] ?? undefined;
}
