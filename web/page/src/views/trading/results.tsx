// What backtests found, side by side: equity and falls as lines, figures as columns, and the trades of the first.
import { fixed, percent, utcDay, whole } from "../../live/format";
import { useParts } from "../../live/paint";
import { Chart, type Columns, type Line } from "../../parts/chart";
import type { Colour } from "../../parts/colours";
import { Nothing, Panel, Simulated } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { PART, type Result, useResults } from "./backtestrows";
import { nameOf } from "./backtestruns";
import { fallsOf } from "./falls";
import { Gain } from "./gain";
import { money, price, quantity, share, tone } from "./money";
import type { Backtest, EquityRow, Figures, TradeRow } from "./plans";

const COLOURS: readonly Colour[] = ["accent", "violet", "teal", "orange"];
const MOST_TRADES = 500;

export function Results({ runs, waits }: { runs: readonly Backtest[]; waits: number }) {
  useParts(PART);
  const found = useResults(runs.map(({ id }) => id));
  if (runs.length === 0) {
    return waits > 0 ? (
      <Panel id="results" title="Result">
        <Nothing>Nothing is found yet: it is shown here when the run is over.</Nothing>
      </Panel>
    ) : null;
  }
  const made = runs.some(({ result }) => result?.metadata.simulated);
  const refused = found.find((one) => one?.problem)?.problem;
  return (
    <>
      <Panel
        id="results"
        title={runs.length > 1 ? "Results" : "Result"}
        note="gain in percent of the capital; drawdown below"
        controls={made && <Simulated />}
      >
        {refused && <p class="failure">{refused.message}</p>}
        <Curves runs={runs} found={found} />
      </Panel>
      <div class="columns">
        <Panel id="figures" title="Figures">
          <FiguresTable runs={runs} />
        </Panel>
        {found[0] && <Trades run={runs[0]!} trades={found[0].trades} />}
      </div>
    </>
  );
}

function Curves({ runs, found }: { runs: readonly Backtest[]; found: readonly (Result | undefined)[] }) {
  const lines: Line[] = runs.map((run, place) => ({ label: nameOf(run), colour: COLOURS[place]!, text: percent }));
  const held: Line = { label: "buy and hold", colour: "dim", dash: [4, 4], text: percent };
  const read = (): Columns => {
    const curves = found.map((one) => one?.curve ?? []);
    return merged([
      ...curves.map((curve, place) => gains(curve, runs[place]!.result!.initial_capital, ({ equity }) => equity)),
      gains(curves[0]!, runs[0]!.result!.initial_capital, ({ benchmark }) => benchmark),
    ]);
  };
  const falls = (): Columns => {
    const [days, ...all] = merged(found.map((one) => gains(one?.curve ?? [], 0, ({ equity }) => equity)));
    return [days, ...all.map(fallsOf)];
  };
  return (
    <>
      <Chart
        label="Gain of each backtest beside buying and holding, in percent"
        part={PART}
        lines={[...lines, held]}
        read={read}
        height={220}
        together="backtest"
      />
      <Chart
        label="Drawdown of each backtest, in percent"
        part={PART}
        lines={lines}
        read={falls}
        height={110}
        together="backtest"
      />
    </>
  );
}

type Curve = Map<number, number>;

/** By day (seconds), in percent of the capital; as it is where that is 0. */
function gains(curve: readonly EquityRow[], capital: number, of: (row: EquityRow) => number | undefined): Curve {
  const found: Curve = new Map();
  for (const row of curve) {
    const value = of(row);
    if (value !== undefined) found.set(Date.parse(row.date) / 1_000, capital ? 100 * (value / capital - 1) : value);
  }
  return found;
}

/** On one row of days: where a curve has no point within its span, the one before holds. */
function merged(curves: readonly Curve[]): Columns {
  const days = [...new Set(curves.flatMap((curve) => [...curve.keys()]))].sort((a, b) => a - b);
  const columns = curves.map((curve) => {
    const last = Math.max(...curve.keys());
    let before: number | null = null;
    return days.map((day) => (day > last ? null : (before = curve.get(day) ?? before)));
  });
  return [days, ...columns];
}

type Figure = readonly [title: string, show: (result: Figures) => string];

const FIGURES: readonly Figure[] = [
  figure("Return", "total_return_pct", percent),
  figure("A year", "annual_return_pct", percent),
  figure("Final capital", "final_capital", (value) => money(value)),
  figure("Drawdown", "max_drawdown_pct", share),
  figure("Sharpe", "sharpe_ratio", (value) => fixed(value, 2)),
  figure("Sortino", "sortino_ratio", (value) => fixed(value, 2)),
  figure("Profit factor", "profit_factor", (value) => fixed(value, 2)),
  figure("Trades", "total_trades", whole),
  figure("Won", "win_rate", (value) => share(100 * value)),
  figure("Mean win", "avg_win_pct", share),
  figure("Mean loss", "avg_loss_pct", share),
  ["Buy and hold", ({ metadata: { benchmark } }) => (benchmark?.total_return_pct == null ? "unavailable" : percent(benchmark.total_return_pct))],
  ["Time invested", ({ metadata: { exposure_pct } }) => (exposure_pct == null ? "unavailable" : share(exposure_pct))],
  ["Signals, of which refused", ({ metadata }) => `${whole(metadata.signals ?? 0)}, ${whole(refusedOf(metadata))}`],
  ["Bars from", ({ metadata: { data_from } }) => data_from ?? "none"],
  ["Bars to", ({ metadata: { data_to } }) => data_to ?? "none"],
];

function figure(title: string, name: keyof Figures, show: (value: number) => string): Figure {
  return [title, (result) => (result.metadata.undefined?.includes(name) ? "undefined" : show(result[name] as number))];
}

function FiguresTable({ runs }: { runs: readonly Backtest[] }) {
  return (
    <Table
      name="Figures of the backtests"
      class="figures"
      columns={[
        { head: "Figure", names: true, of: ([title]) => title },
        ...runs.map((run): Column<Figure> => ({ head: nameOf(run), num: true, of: ([, show]) => show(run.result!) })),
      ]}
      rows={FIGURES}
      row={([title]) => ({ key: title })}
    />
  );
}

function refusedOf({ refused = {} }: Figures["metadata"]): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0);
}

const TRADES: Column<TradeRow>[] = [
  { head: "Symbol", names: true, of: ({ symbol, side }) => <>{symbol} {side === "SELL" && <span class="dim">short</span>}</> },
  { head: "Quantity", num: true, class: "wide", of: (one) => quantity(one.quantity) },
  { head: "Entry", num: true, of: (one) => price(one.entry_price) },
  { head: "Exit", num: true, of: (one) => price(one.exit_price) },
  { head: "Gain", num: true, tone: (one) => tone(one.pnl), of: (one) => <Gain of={one.pnl} pct={one.pnl_pct} /> },
  { head: "Opened", class: "wider", tone: "dim", of: (one) => dayOf(one.entry_us) },
  { head: "Closed", class: "wider", tone: "dim", of: (one) => dayOf(one.exit_us) },
];

function Trades({ run, trades }: { run: Backtest; trades: readonly TradeRow[] }) {
  return (
    <Panel
      id="backtest-trades"
      title={`Trades of ${nameOf(run)}`}
      note={trades.length > MOST_TRADES ? `the last ${MOST_TRADES} of ${whole(trades.length)}` : `${whole(trades.length)} closed`}
    >
      <Table
        name="Closed trades, newest first"
        label="Trades of the backtest"
        tall
        columns={TRADES}
        rows={trades.slice(-MOST_TRADES).reverse()}
        row={({ id }) => ({ key: id })}
        empty="It closed no trade: see in the figures how many signals it had, and how many were refused."
      />
    </Panel>
  );
}

/** Daily bars have days, and no times. */
function dayOf(us: number): string {
  const day = new Date(us / 1_000).toISOString().slice(0, 10);
  return `${utcDay(day)} ${day.slice(0, 4)}`;
}
