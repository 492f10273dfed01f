// The journal: what each day closed with, what spoke for the trades that won, and the trades themselves.
import { whole } from "../../live/format";
import { Card, Cards } from "../../parts/card";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { Calendar, exchangeDay } from "./calendar";
import { Gain } from "./gain";
import { accounts, useKinds } from "./kinds";
import { confluence, trades, useLists } from "./lists";
import { allMade, PanelMark, RowMark } from "./made";
import { gain, price, quantity, share, tone } from "./money";
import type { ClosedTrade, Factor } from "./wire";

const MOST_ROWS = 200;

export function Journal() {
  useKinds(accounts);
  useLists(trades, confluence);
  const rows = trades.value ?? [];
  const { currency = "USD" } = accounts.values.get("desk") ?? {};
  return (
    <>
      <div class="columns wide-left">
        <Panel id="calendar" title="Gain by day" note="of trades closed on it, after fees">
          <Failure poll={trades} what="Closed trades" />
          {rows.length === 0 ? (
            <Nothing>{trades.value ? EMPTY : waiting(trades, "closed trades")}</Nothing>
          ) : (
            <Calendar trades={rows} currency={currency} />
          )}
        </Panel>
        <div class="column">
          <Today rows={rows} currency={currency} />
          <Confluence />
        </div>
      </div>
      <Closed rows={rows} currency={currency} />
    </>
  );
}

const EMPTY = "No trade is closed yet. One is when what was bought is sold again, by a strategy, a stop or by hand.";

function Today({ rows, currency }: { rows: readonly ClosedTrade[]; currency: string }) {
  const today = exchangeDay(new Date());
  const mine = rows.filter(({ exit_time }) => exchangeDay(new Date(exit_time)) === today);
  const won = mine.filter(({ pnl }) => pnl > 0).length;
  const sum = mine.reduce((total, { pnl }) => total + pnl, 0);
  return (
    <Panel id="today" title="Today" note="since midnight in New York">
      <Cards label="Today in numbers">
        <Card name="Closed">{whole(mine.length)}</Card>
        <Card name="Won">{mine.length ? `${Math.round((100 * won) / mine.length)}%` : "–"}</Card>
        <Card name="Gain" tone={tone(sum)}>
          {gain(sum, currency)}
        </Card>
      </Cards>
    </Panel>
  );
}

const FACTORS: Column<[string, Factor]>[] = [
  { head: "Factor", names: true, of: ([factor]) => factor },
  { head: "Trades", num: true, of: ([, { total }]) => whole(total) },
  { head: "Won", num: true, of: ([, { wins }]) => whole(wins) },
  { head: "Of 100", num: true, of: ([, { win_rate }]) => share(win_rate) },
];

function Confluence() {
  const rows = Object.entries(confluence.value ?? {}).sort(([, a], [, b]) => b.total - a.total);
  return (
    <Panel id="confluence" title="Confluence" note="what spoke for trades, and how often those won">
      <Failure poll={confluence} what="Confluence" />
      <Table
        name="Factors of closed trades"
        columns={FACTORS}
        rows={rows}
        row={([factor]) => ({ key: factor })}
        empty={
          confluence.value ? (
            <>
              No factor is known of any closed trade: bots that push <code>TRADE_EXECUTION</code> may name theirs in{" "}
              <code>confluence</code>.
            </>
          ) : (
            waiting(confluence, "the factors")
          )
        }
      />
    </Panel>
  );
}

function Closed({ rows, currency }: { rows: readonly ClosedTrade[]; currency: string }) {
  if (rows.length === 0) return null;
  const symbols = rows.map(({ symbol }) => symbol);
  const all = allMade(symbols);
  return (
    <Panel
      id="closed"
      title="Closed trades"
      controls={<PanelMark symbols={symbols} />}
      note={rows.length > MOST_ROWS ? `the newest ${MOST_ROWS} of ${whole(rows.length)}` : "newest first"}
    >
      <Table
        name="Closed trades, newest first"
        label="Closed trades"
        tall
        columns={[
          { head: "Symbol", names: true, of: (one) => <Traded one={one} all={all} /> },
          { head: "Quantity", num: true, of: (one) => quantity(one.quantity) },
          { head: "Entry", num: true, of: (one) => price(one.entry_price) },
          { head: "Exit", num: true, of: (one) => price(one.exit_price) },
          { head: "Gain", num: true, tone: (one) => tone(one.pnl), of: (one) => <Gain of={one.pnl} pct={one.pnl_pct} currency={currency} /> },
          { head: "By", class: "wide", tone: "dim", of: (one) => one.strategy_name || "by hand" },
          { head: "Opened", class: "wide", tone: "dim", of: (one) => <Time iso={one.entry_time} /> },
          { head: "Closed", class: "wide", tone: "dim", of: (one) => <Time iso={one.exit_time} /> },
        ]}
        rows={rows.slice(0, MOST_ROWS)}
        row={({ id, symbol }) => ({ key: id, "data-closed": symbol })}
      />
    </Panel>
  );
}

function Traded({ one: { symbol, side, is_day_trade }, all }: { one: ClosedTrade; all: boolean }) {
  return (
    <>
      {symbol} {side === "SELL" && <span class="dim">short</span>} <RowMark symbol={symbol} all={all} />{" "}
      {is_day_trade && (
        <abbr class="dim" title="Closed on the day on which it was last added to">
          day trade
        </abbr>
      )}
    </>
  );
}
