// The equity over time and its falls from the highest it had been, with what comes live.
import { useRef } from "preact/hooks";
import { useTopics } from "../../live/link";
import { touch } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { Chart, type Columns, type Line } from "../../parts/chart";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";
import { Choice } from "../../parts/choice";
import { useQuery } from "../../shell/route";
import { fallsOf } from "./falls";
import { accounts, equities, useKinds } from "./kinds";
import { HeldMark } from "./made";
import { money, share } from "./money";
import type { Equity, PastEquity } from "./wire";

const PART = "trading:curve";
const MOST_POINTS = 1_000;
const MOST_LIVE = 3_600;

/** Name, and length in milliseconds. */
const RANGES: Record<string, number> = { hour: 3.6e6, day: 8.64e7, week: 6.048e8, month: 2.6784e9, all: Infinity };

interface Point {
  at: number;
  equity: number;
}

/** What was told since this view was opened; seconds. */
class Tail {
  points: Point[] = [];

  add(at: number, equity: number): void {
    const last = this.points.at(-1);
    if (last && at <= last.at) last.equity = equity;
    else this.points.push({ at, equity });
    if (this.points.length > MOST_LIVE) this.points.splice(0, MOST_LIVE / 2);
  }
}

export function EquityPanel() {
  useKinds(accounts, equities);
  const [range, setRange] = useQuery("range", "day");
  const length = RANGES[range] ?? RANGES.day!;
  const past = useSpan(length);
  const tail = useTail();
  const { currency = "USD", initial_cash = 0 } = accounts.values.get("desk") ?? {};
  const read = (): Columns => columnsOf(past.value ?? [], tail.points, length, initial_cash);
  const lines: Line[] = [{ label: "equity", colour: "accent", text: (value) => money(value, currency, 0) }];
  // Where the whole is shown; else it would only press a day's line flat.
  if (range === "all")
    lines.push({ label: "began with", colour: "dim", dash: [3, 4], text: (value) => money(value, currency, 0) });
  const falls = (): Columns => {
    const [at, equity] = read();
    return [at, fallsOf(equity!)];
  };
  return (
    <Panel
      id="equity"
      title="Equity"
      note="drawdown below"
      controls={
        <>
          <HeldMark />
          <Choice label="Range of the equity curve" of={Object.keys(RANGES)} value={range} choose={setRange} />
        </>
      }
    >
      <Failure poll={past} what="The equity curve" />
      {past.value === undefined && tail.points.length === 0 ? (
        <Nothing>{waiting(past, "the equity curve")}</Nothing>
      ) : (
        <>
          <Chart label={`Equity over the last ${range}`} part={PART} lines={lines} read={read} height={200} together="equity" gutter={72} />
          <Chart
            label="Drawdown from the highest equity before, in percent"
            part={PART}
            lines={[{ label: "drawdown", colour: "down", fill: true, text: (value) => share(Math.abs(value)) }]}
            read={falls}
            height={96}
            together="equity"
            gutter={72}
          />
        </>
      )}
    </Panel>
  );
}

/** The past of a length; asked for anew each minute, from a start that stands while it is shown. */
function useSpan(length: number) {
  const paths = useRef(new Map<number, string>());
  let path = paths.current.get(length);
  if (path === undefined) {
    const start = length === Infinity ? "" : `&start=${new Date(Date.now() - length).toISOString()}`;
    path = `/api/portfolio/history?limit=${MOST_POINTS}${start}`;
    paths.current.set(length, path);
  }
  const past = polled<PastEquity[]>(path, 60_000);
  usePolls(past);
  return past;
}

function useTail(): Tail {
  const tail = useRef(new Tail()).current;
  useTopics(["state:equity:desk"], ({ data }) => {
    const { value } = data as { value: Equity | null };
    if (!value) return;
    tail.add(Date.parse(value.ts) / 1_000, value.equity);
    touch(PART);
  });
  return tail;
}

/** What is within the length; where that has no end, beside what the account began with. */
function columnsOf(past: readonly PastEquity[], tail: readonly Point[], length: number, began: number): Columns {
  const points = past.map(({ timestamp, total_equity }): Point => ({ at: Date.parse(timestamp) / 1_000, equity: total_equity }));
  const last = points.at(-1)?.at ?? -Infinity;
  const first = (Date.now() - length) / 1_000;
  const shown = [...points, ...tail.filter(({ at }) => at > last)].filter(({ at }) => at >= first);
  const at = shown.map((point) => point.at);
  const equity = shown.map((point) => point.equity);
  return length === Infinity ? [at, equity, at.map(() => began)] : [at, equity];
}
