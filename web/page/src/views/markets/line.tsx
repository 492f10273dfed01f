// The last minutes tick by tick: what was wanted and offered, what was traded, and what happened, at the point it happened.
import { fixed } from "../../live/format";
import { useParts } from "../../live/paint";
import { Chart, type Columns, type Line } from "../../parts/chart";
import { Choice } from "../../parts/choice";
import type { Mark } from "../../parts/marks";
import { Nothing, Panel } from "../../parts/parts";
import { useQuery } from "../../shell/route";
import type { Happenings } from "./happenings";
import { ASK, BID, BPS, MID, type Ticks, TRADE } from "./ticks";

const SPANS = [["5m", "5 min"], ["15m", "15 min"], ["1h", "1 h"]] as const;
const SECONDS: Record<string, number> = { "5m": 300, "15m": 900, "1h": 3_600 };

interface LinesProps {
  ticks: Ticks;
  places: number;
  happenings: Happenings;
}

export function Lines({ ticks, places, happenings }: LinesProps) {
  const [chosen, choose] = useQuery("line", "5m");
  const length = SECONDS[chosen] ?? 300;
  useParts(ticks.shape);
  const price = (value: number) => fixed(value, places);
  const gutter = price(ticks.ring.last(MID) || 0).length * 7 + 18;
  const lines: Line[] = [
    { label: "bid", colour: "teal", text: price },
    { label: "ask", colour: "violet", text: price },
    { label: "mid", colour: "text", text: price },
    { label: "trade", colour: "amber", text: price, dots: 3 },
  ];
  const span = () => [now() - length, now()] as const;
  const view = () => ticks.ring.view(now() - length);
  const marks = (): Mark[] => happenings.marks((at) => known(ticks.ring.at(at / 1_000, MID)));
  const controls = <Choice label="How far back" of={SPANS} value={chosen in SECONDS ? (chosen as "5m") : "5m"} choose={choose} />;
  return (
    <Panel id="ticks" title="Tick by tick" note="bid, ask, mid and trades" controls={controls}>
      {ticks.ring.length === 0 ? (
        <Nothing>{ticks.read ? "Nobody has quoted or traded it within the last hour. The line begins with the first quote." : "Reading the last hour."}</Nothing>
      ) : (
        <>
          <Chart
            label={`${ticks.symbol}, bid, ask, mid and trades`}
            part={ticks.part}
            lines={lines}
            band={[1, 0]}
            span={span}
            read={() => pick(view(), [BID, ASK, MID, TRADE])}
            marks={marks}
            calm
            gutter={gutter}
            together={`ticks ${ticks.symbol}`}
          />
          <h3 id="spread-title">Spread, bps</h3>
          <Chart
            label={`${ticks.symbol}, spread in bps`}
            part={ticks.part}
            lines={[{ label: "spread", colour: "accent", text: (value) => fixed(value, 2), steps: true, fill: true }]}
            span={span}
            read={() => pick(view(), [BPS])}
            height={110}
            gutter={gutter}
            floor={0}
            calm
            together={`ticks ${ticks.symbol}`}
          />
        </>
      )}
    </Panel>
  );
}

function now(): number {
  return Date.now() / 1_000;
}

/** Some columns of a view, with holes where a row does not say them. What was quoted once is said ever after, so most columns
 * have holes only at their beginning, or none and need no copy. */
function pick([times, ...columns]: Float64Array[], places: readonly number[]): Columns {
  const told = places.map((place) => {
    const column = columns[place - 1]!;
    const whole = place !== TRADE && !Number.isNaN(column[0]!);
    return whole ? column : Array.from(column, (value) => (Number.isNaN(value) ? null : value));
  });
  return [times!, ...told];
}

function known(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}
