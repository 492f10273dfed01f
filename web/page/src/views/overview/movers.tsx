// The symbols that moved most in the last hour.
import { fixed, orDash, percent } from "../../live/format";
import { type Market, markets, useMarkets } from "../../live/markets";
import { useParts } from "../../live/paint";
import { Panel, Simulated } from "../../parts/parts";
import { Spark } from "../../parts/spark";
import { type Column, Table } from "../../parts/table";
import { hrefOf } from "../../shell/route";

const MOST = 6;

interface Mover {
  market: Market;
  /** Percent. */
  change: number | undefined;
}

const COLUMNS: Column<Mover>[] = [
  { head: "Symbol", names: true, of: ({ market: { symbol } }) => <a href={hrefOf("markets", symbol)}>{symbol}</a> },
  { head: "Last hour", tone: "trend", of: ({ market: { symbol, trail } }) => <Spark points={trail.all()} label={`${symbol}, last hour`} /> },
  { head: "Price", num: true, of: ({ market: { mid, places } }) => orDash(mid, (price) => fixed(price, places)) },
  { head: "Change", num: true, tone: ({ change = 0 }) => (change < 0 ? "down" : "up"), of: ({ change }) => orDash(change, percent) },
];

export function Movers() {
  useMarkets();
  useParts("quotes");
  const rows = [...markets.values()].map((market) => ({ market, change: changeOf(market) }));
  rows.sort((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0));
  const shown = rows.slice(0, MOST);
  const made = shown.some(({ market }) => market.simulated);
  return (
    <Panel
      id="movers"
      title="Moved most in the last hour"
      controls={
        <>
          {made && <Simulated />}
          <a href={hrefOf("markets")}>All markets</a>
        </>
      }
    >
      <Table
        name="Moved most in the last hour"
        columns={COLUMNS}
        rows={shown}
        row={({ market: { symbol } }) => ({ key: symbol, "data-mover": symbol })}
        empty={
          <>
            No feed has spoken yet. Start one with <code>oracle serve --feed binance:BTC-USDT</code>.
          </>
        }
      />
    </Panel>
  );
}

function changeOf({ mid, trail }: Market): number | undefined {
  const first = trail.all()[0];
  return first && mid !== undefined ? ((mid - first.value) / first.value) * 100 : undefined;
}
