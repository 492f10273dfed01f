// Live prices: one row per symbol, drawn again only when it changed.
import { Component } from "preact";
import { useRef } from "preact/hooks";
import { age, fixed, localTime, percent, size } from "../../live/format";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { Nothing, Panel, Simulated, waiting } from "../../parts/parts";
import { Spark } from "../../parts/spark";
import { stream } from "../../live/link";
import { tree } from "../../live/lists";
import { type Market, markets, useMarkets } from "../../live/markets";

/** Seconds without a word after which a row is shown as old. */
const OLD_S = 30;

export function Quotes() {
  useParts("quotes", "clock");
  useMarkets();
  usePolls(tree);
  const rows = [...markets.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
  const made = rows.filter((market) => market.simulated).length;
  const now = Date.now();
  return (
    <Panel
      id="quotes"
      title="Quotes"
      note={rows.length > 0 && `${rows.length} symbols`}
      controls={made > 0 && made === rows.length && <Simulated />}
    >
      {rows.length === 0 ? (
        <Nothing>
          {stream.link === "live" ? (
            <>
              No feed has spoken yet. Start one with <code>oracle serve --feed binance:BTC-USDT</code>, or look at the
              feeds in the actor tree.
            </>
          ) : (
            waiting(tree, "the stream")
          )}
        </Nothing>
      ) : (
        <div class="scroll">
          <table class="quotes">
            <thead>
              <tr>
                <th scope="col">Symbol</th>
                <th scope="col">Last hour</th>
                <th scope="col" class="num">Change</th>
                <th scope="col" class="num">Bid</th>
                <th scope="col" class="num">Ask</th>
                <th scope="col" class="num"><abbr title="Ask minus bid, in hundredths of a percent of the mid price">Spread bps</abbr></th>
                <th scope="col" class="num wide">Last trade</th>
                <th scope="col" class="num wide">Heard</th>
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
                  marked={market.simulated && made < rows.length}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
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
    const { quote, trade, mid, places } = market;
    const points = market.trail.all();
    const first = points[0];
    const change = first && mid !== undefined ? ((mid - first.value) / first.value) * 100 : undefined;
    const spread = quote && mid ? ((quote.ask - quote.bid) / mid) * 10_000 : undefined;
    return (
      <tr class={old ? "old" : undefined} data-symbol={market.symbol}>
        <th scope="row">
          {market.symbol} {marked && <Simulated />}
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
