// Live prices: one row per symbol, drawn again only when it changed.
import { Component, type ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { age, fixed, localTime, percent, short, size } from "../../live/format";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { Nothing, Panel, Simulated, waiting } from "../../parts/parts";
import { Spark } from "../../parts/spark";
import { stream } from "../../live/link";
import { tree } from "../../live/lists";
import { type Market, markets, useMarkets } from "../../live/markets";
import { useCommands } from "../../shell/commands";
import { hrefOf, useQuery } from "../../shell/route";
import { type Order, ordered, orderOf, pressed } from "./order";

/** Seconds without a word after which a row is shown as old. */
const OLD_S = 30;

const COLUMNS = [
  ["symbol", "Symbol", ""],
  ["", "Last hour", ""],
  ["change", "Change", "num"],
  ["bid", "Bid", "num"],
  ["ask", "Ask", "num"],
  ["spread", <abbr title="Ask minus bid, in hundredths of a percent of the mid price">Spread bps</abbr>, "num"],
  ["trade", "Last trade", "num wide"],
  ["traded", <abbr title="Worth of what was traded in the last hour, in the quote currency">Traded 1 h</abbr>, "num wide"],
  ["heard", "Heard", "num wide"],
] as const;

export function Quotes() {
  useParts("quotes", "clock");
  useMarkets();
  usePolls(tree);
  const [sort, setSort] = useQuery("sort", "symbol");
  const [filter, setFilter] = useQuery("filter");
  const field = useRef<HTMLInputElement>(null);
  useCommands(() => [{ title: "Filter symbols", group: "markets", keys: "f", run: () => field.current?.focus() }]);
  const order = orderOf(sort);
  const rows = ordered(markets.values(), order, filter);
  const made = [...markets.values()].filter((market) => market.simulated).length;
  const now = Date.now();
  return (
    <Panel
      id="quotes"
      title="Quotes"
      note={markets.size > 0 && (rows.length < markets.size ? `${rows.length} of ${markets.size} symbols` : `${rows.length} symbols`)}
      controls={
        <>
          {made > 0 && made === markets.size && <Simulated />}
          {markets.size > 0 && (
            <input
              ref={field}
              class="field filter"
              type="search"
              placeholder="Filter"
              aria-label="Filter symbols"
              value={filter}
              onInput={(event) => setFilter(event.currentTarget.value)}
            />
          )}
        </>
      }
    >
      {rows.length === 0 ? (
        <Nothing>{markets.size > 0 ? `No symbol is called “${filter}”.` : <Silence />}</Nothing>
      ) : (
        <div class="scroll">
          <table class="quotes">
            <thead>
              <tr>
                {COLUMNS.map(([column, title, kind]) => (
                  <Column key={column} column={column} kind={kind} order={order} sort={setSort}>
                    {title}
                  </Column>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((market) => (
                <Row
                  key={market.symbol}
                  market={market}
                  version={market.version}
                  heard={age((now - market.heardAt) / 1_000)}
                  old={now - market.heardAt > OLD_S * 1_000}
                  marked={market.simulated && made < markets.size}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Silence() {
  if (stream.link !== "live") return <>{waiting(tree, "the stream")}</>;
  return (
    <>
      No feed has spoken yet. Start one with <code>oracle serve --feed binance:BTC-USDT</code>, or look at the feeds in the{" "}
      <a href={hrefOf("runtime")}>actor tree</a>.
    </>
  );
}

interface ColumnProps {
  /** What it is sorted by; empty for not at all. */
  column: string;
  kind: string;
  order: Order;
  sort: (word: string) => void;
  children: ComponentChildren;
}

function Column({ column, kind, order, sort, children }: ColumnProps) {
  const sorted = order.by === column;
  if (!column) return <th scope="col" class={kind}>{children}</th>;
  return (
    <th scope="col" class={kind} aria-sort={sorted ? (order.down ? "descending" : "ascending") : undefined}>
      <button type="button" class={`sorter ${sorted ? (order.down ? "falls" : "rises") : ""}`} onClick={() => sort(pressed(order, column))}>
        {children}
      </button>
    </th>
  );
}

interface RowProps {
  market: Market;
  version: number;
  heard: string;
  old: boolean;
  /** Whether this row carries its own mark: not needed where the whole panel carries it. */
  marked: boolean;
}

class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const { version, heard, old, marked } = this.props;
    return version !== next.version || heard !== next.heard || old !== next.old || marked !== next.marked;
  }

  override render({ market, heard, old, marked }: RowProps) {
    const { quote, trade, places, change, spreadBps: spread } = market;
    const points = market.trail.all();
    const first = points[0];
    const traded = market.turnover.total(Date.now());
    return (
      <tr class={old ? "old" : undefined} data-symbol={market.symbol}>
        <th scope="row">
          <a href={hrefOf("markets", market.symbol)}>{market.symbol}</a> {marked && <Simulated />}
        </th>
        <td class="trend">
          <Spark points={points} label={`${market.symbol}, last hour`} />
        </td>
        <td
          class={`num ${tone(change)}`}
          title={first && `since ${localTime(new Date(first.at), new Date())}`}
        >
          {change === undefined ? "–" : percent(change)}
        </td>
        <Price value={quote?.bid} places={places} note={quote && `${size(quote.bid_size)} wanted`} />
        <Price value={quote?.ask} places={places} note={quote && `${size(quote.ask_size)} offered`} />
        <td class={`num ${spread !== undefined && spread < 0 ? "down" : ""}`}>
          {spread === undefined ? "–" : fixed(spread, Math.abs(spread) < 100 ? 2 : 0)}
        </td>
        <Price value={trade?.price} places={places} wide note={trade && `${size(trade.size)} ${trade.side || "traded"}`} />
        <td class="num wide">{traded === undefined ? "–" : short(traded)}</td>
        <td class="num wide dim">{heard}</td>
      </tr>
    );
  }
}

interface PriceProps {
  value: number | undefined;
  places: number;
  note?: string | undefined;
  wide?: boolean;
}

/** A price that lights up for a moment when it changes; the style sheet leaves that out for readers who want less motion. */
function Price({ value, places, note, wide }: PriceProps) {
  const seen = useRef({ value, way: "", turn: 0 });
  const last = seen.current;
  if (value !== last.value) {
    // Two names for the same animation: changing the name is what starts it again.
    if (value !== undefined && last.value !== undefined) {
      seen.current = { value, way: value > last.value ? "rise" : "fall", turn: 1 - last.turn };
    } else {
      seen.current = { ...last, value };
    }
  }
  const { way, turn } = seen.current;
  return (
    <td class={`num price ${wide ? "wide" : ""} ${way && `${way}-${turn}`}`} title={note}>
      {value === undefined ? "–" : fixed(value, places)}
    </td>
  );
}

function tone(change: number | undefined): string {
  if (change === undefined || Math.abs(change) < 0.005) return "dim";
  return change > 0 ? "up" : "down";
}
