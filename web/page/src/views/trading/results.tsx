// What backtests found, side by side: equity and falls as lines, figures as columns, and the trades of the first.
import { fixed, percent, utcDay, whole } from "../../live/format";
import { useParts } from "../../live/paint";
import { Chart, type Columns, type Line } from "../../parts/chart";
import type { Colour } from "../../parts/colours";
import { Nothing, Panel, Simulated } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { PART, type Result, useResults } from "./backtestrows";
import { nameOf } from "./backtestruns";
import { fallsOf } from "./falls";
import { gain, money, price, quantity, share, tone } from "./money";
import type { EquityRow, Figures, Run, TradeRow } from "./plans";

const COLOURS: readonly Colour[] = ["accent", "violet", "teal", "orange"];
const MOST_TRADES = 500;

export function Results({ runs, waits }: { runs: readonly Run[]; waits: number }) {
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

function Curves({ runs, found }: { runs: readonly Run[]; found: readonly (Result | undefined)[] }) {
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

const ROWS: readonly (readonly [title: string, name: keyof Figures, show: (value: number) => string])[] = [
  ["Return", "total_return_pct", percent],
  ["A year", "annual_return_pct", percent],
  ["Final capital", "final_capital", (value) => money(value)],
  ["Drawdown", "max_drawdown_pct", share],
  ["Sharpe", "sharpe_ratio", (value) => fixed(value, 2)],
  ["Sortino", "sortino_ratio", (value) => fixed(value, 2)],
  ["Profit factor", "profit_factor", (value) => fixed(value, 2)],
  ["Trades", "total_trades", whole],
  ["Won", "win_rate", (value) => share(100 * value)],
  ["Mean win", "avg_win_pct", share],
  ["Mean loss", "avg_loss_pct", share],
];

function FiguresTable({ runs }: { runs: readonly Run[] }) {
  const row = (title: string, cell: (run: Run) => string) => (
    <tr key={title}>
      <th scope="row">{title}</th>
      {runs.map((run) => (
        <td key={run.id} class="num">
          {cell(run)}
        </td>
      ))}
    </tr>
  );
  return (
    <Scroll label="Figures of the backtests">
      <table class="figures">
        <caption class="unseen">Figures of the backtests</caption>
        <thead>
          <tr>
            <th scope="col">Figure</th>
            {runs.map((run) => (
              <th key={run.id} scope="col" class="num">
                {nameOf(run)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map(([title, name, show]) =>
            row(title, ({ result }) =>
              result!.metadata.undefined?.includes(name) ? "undefined" : show(result![name] as number),
            ),
          )}
          {row("Buy and hold", ({ result }) => {
            const held = result!.metadata.benchmark?.total_return_pct;
            return held == null ? "unavailable" : percent(held);
          })}
          {row("Time invested", ({ result }) =>
            result!.metadata.exposure_pct == null ? "unavailable" : share(result!.metadata.exposure_pct),
          )}
          {row(
            "Signals, of which refused",
            ({ result }) => `${whole(result!.metadata.signals ?? 0)}, ${whole(refusedOf(result!))}`,
          )}
          {row("Bars from", ({ result }) => result!.metadata.data_from ?? "none")}
          {row("Bars to", ({ result }) => result!.metadata.data_to ?? "none")}
        </tbody>
      </table>
    </Scroll>
  );
}

function refusedOf({ metadata }: Figures): number {
  return Object.values(metadata.refused ?? {}).reduce((sum, count) => sum + count, 0);
}

function Trades({ run, trades }: { run: Run; trades: readonly TradeRow[] }) {
  return (
    <Panel
      id="backtest-trades"
      title={`Trades of ${nameOf(run)}`}
      note={trades.length > MOST_TRADES ? `the last ${MOST_TRADES} of ${whole(trades.length)}` : `${whole(trades.length)} closed`}
    >
      {trades.length === 0 ? (
        <Nothing>It closed no trade: see in the figures how many signals it had, and how many were refused.</Nothing>
      ) : (
        <Scroll label="Trades of the backtest" tall>
          <table>
            <caption class="unseen">Closed trades, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Symbol</th>
                <th scope="col" class="num wide">
                  Quantity
                </th>
                <th scope="col" class="num">
                  Entry
                </th>
                <th scope="col" class="num">
                  Exit
                </th>
                <th scope="col" class="num">
                  Gain
                </th>
                <th scope="col" class="wider">
                  Opened
                </th>
                <th scope="col" class="wider">
                  Closed
                </th>
              </tr>
            </thead>
            <tbody>
              {trades
                .slice(-MOST_TRADES)
                .reverse()
                .map((one) => (
                  <tr key={one.id}>
                    <th scope="row">
                      {one.symbol} {one.side === "SELL" && <span class="dim">short</span>}
                    </th>
                    <td class="num wide">{quantity(one.quantity)}</td>
                    <td class="num">{price(one.entry_price)}</td>
                    <td class="num">{price(one.exit_price)}</td>
                    <td class={`num ${tone(one.pnl)}`}>
                      {gain(one.pnl)} <span class="pct">{percent(one.pnl_pct)}</span>
                    </td>
                    <td class="wider dim">{dayOf(one.entry_us)}</td>
                    <td class="wider dim">{dayOf(one.exit_us)}</td>
                  </tr>
                ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

/** Daily bars have days, and no times. */
function dayOf(us: number): string {
  const day = new Date(us / 1_000).toISOString().slice(0, 10);
  return `${utcDay(day)} ${day.slice(0, 4)}`;
}
