// The journal: what each day closed with, what spoke for the trades that won, and the trades themselves.
import { percent, whole } from "../../live/format";
import { Card, Cards } from "../../parts/card";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { Calendar, exchangeDay } from "./calendar";
import { accounts, useKinds } from "./kinds";
import { confluence, trades, useLists } from "./lists";
import { allMade, PanelMark, RowMark } from "./made";
import { gain, price, quantity, share, tone } from "./money";
import type { ClosedTrade } from "./wire";

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

function Confluence() {
  const rows = Object.entries(confluence.value ?? {}).sort(([, a], [, b]) => b.total - a.total);
  return (
    <Panel id="confluence" title="Confluence" note="what spoke for trades, and how often those won">
      <Failure poll={confluence} what="Confluence" />
      {rows.length === 0 ? (
        <Nothing>
          {confluence.value ? (
            <>
              No factor is known of any closed trade: bots that push <code>TRADE_EXECUTION</code> may name theirs in{" "}
              <code>confluence</code>.
            </>
          ) : (
            waiting(confluence, "the factors")
          )}
        </Nothing>
      ) : (
        <Scroll label="Factors of closed trades">
          <table>
            <caption class="unseen">Factors of closed trades</caption>
            <thead>
              <tr>
                <th scope="col">Factor</th>
                <th scope="col" class="num">
                  Trades
                </th>
                <th scope="col" class="num">
                  Won
                </th>
                <th scope="col" class="num">
                  Of 100
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([factor, { total, wins, win_rate }]) => (
                <tr key={factor}>
                  <th scope="row">{factor}</th>
                  <td class="num">{whole(total)}</td>
                  <td class="num">{whole(wins)}</td>
                  <td class="num">{share(win_rate)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
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
      <Scroll label="Closed trades" tall>
        <table>
          <caption class="unseen">Closed trades, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Symbol</th>
              <th scope="col" class="num">
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
              <th scope="col" class="wide">
                By
              </th>
              <th scope="col" class="wide">
                Opened
              </th>
              <th scope="col" class="wide">
                Closed
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST_ROWS).map((one) => (
              <tr key={one.id} data-closed={one.symbol}>
                <th scope="row">
                  {one.symbol} {one.side === "SELL" && <span class="dim">short</span>} <RowMark symbol={one.symbol} all={all} />{" "}
                  {one.is_day_trade && (
                    <abbr class="dim" title="Closed on the day on which it was last added to">
                      day trade
                    </abbr>
                  )}
                </th>
                <td class="num">{quantity(one.quantity)}</td>
                <td class="num">{price(one.entry_price)}</td>
                <td class="num">{price(one.exit_price)}</td>
                <td class={`num ${tone(one.pnl)}`}>
                  {gain(one.pnl, currency)} <span class="pct">{percent(one.pnl_pct)}</span>
                </td>
                <td class="wide dim">{one.strategy_name || "by hand"}</td>
                <td class="wide dim">
                  <Time iso={one.entry_time} />
                </td>
                <td class="wide dim">
                  <Time iso={one.exit_time} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
