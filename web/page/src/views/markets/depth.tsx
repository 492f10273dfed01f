// The order book: how much is wanted and offered down to each price, and its best levels.
import { useEffect, useMemo } from "preact/hooks";
import { fixed, size } from "../../live/format";
import { follow, told } from "../../live/link";
import { items } from "../../live/lists";
import { providerOf } from "../../live/markets";
import { touch, useParts } from "../../live/paint";
import { get, Problem } from "../../live/rest";
import { Chart, type Columns, type Line } from "../../parts/chart";
import { Nothing, Panel } from "../../parts/parts";
import { Book, imbalance, summed } from "./book";
import type { Depth, Level } from "./wire";

const LADDER = 10;

export function DepthPanel({ symbol, places }: { symbol: string; places: number }) {
  const part = `depth:${symbol}`;
  const book = useBook(symbol, part);
  useParts(part, "clock");
  const { bids, asks } = book.levels(LADDER);
  const share = imbalance(bids, asks);
  const price = (value: number) => fixed(value, places);
  const lines: Line[] = [
    { label: "wanted", colour: "up", fill: true, steps: "before", text: size },
    { label: "offered", colour: "down", fill: true, steps: true, text: size },
  ];
  const note = share !== undefined && `${fixed(50 + share * 50, 0)} % of the best ${LADDER} levels is wanted`;
  return (
    <Panel id="depth" title="Order book" note={note}>
      {!book.known ? (
        <Nothing>No order book of {symbol} has come yet. Feeds that follow books send one every few seconds; a feed of quotes alone has none.</Nothing>
      ) : (
        <>
          <Chart
            label={`${symbol}, sizes wanted and offered, summed up from the best price`}
            part={part}
            lines={lines}
            read={() => columnsOf(book)}
            across="price"
            acrossText={price}
            height={150}
            floor={0}
          />
          <Ladder bids={bids} asks={asks} price={price} />
        </>
      )}
    </Panel>
  );
}

function useBook(symbol: string, part: string): Book {
  const book = useMemo(() => new Book(), [symbol]);
  useEffect(() => {
    const take = (depth: Depth) => {
      if ((providerOf(symbol) ?? depth.source) === depth.source && book.take(depth)) touch(part);
    };
    void newest(symbol).then((depth) => depth?.snapshot && !book.known && take(depth));
    return follow([part], (frame) => take(told<Depth>(frame)));
  }, [symbol]);
  return book;
}

/** The last one that was stored: books are not told anew to who comes late. */
async function newest(symbol: string): Promise<Depth | undefined> {
  try {
    return items<Depth>(await get(`/api/oracle/ticks?${new URLSearchParams({ symbol, kind: "depth", order: "desc", limit: "1" })}`))[0];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return undefined; // the next comes on the stream
  }
}

function Ladder({ bids, asks, price }: { bids: Level[]; asks: Level[]; price: (value: number) => string }) {
  const [wanted, offered] = [summed(bids), summed(asks)];
  return (
    <table class="ladder">
      <caption class="unseen">The best {LADDER} levels of each side</caption>
      <thead>
        <tr>
          <th scope="col" class="num">Sum</th>
          <th scope="col" class="num">Wanted</th>
          <th scope="col" class="num">Bid</th>
          <th scope="col" class="num">Ask</th>
          <th scope="col" class="num">Offered</th>
          <th scope="col" class="num">Sum</th>
        </tr>
      </thead>
      <tbody>
        {Array.from({ length: Math.max(bids.length, asks.length) }, (_, row) => (
          <tr key={row}>
            <td class="num dim">{text(wanted[row]?.[1], size)}</td>
            <td class="num">{text(bids[row]?.[1], size)}</td>
            <td class="num up">{text(bids[row]?.[0], price)}</td>
            <td class="num down">{text(asks[row]?.[0], price)}</td>
            <td class="num">{text(asks[row]?.[1], size)}</td>
            <td class="num dim">{text(offered[row]?.[1], size)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function text(value: number | undefined, told: (value: number) => string): string {
  return value === undefined ? "" : told(value);
}

/** Prices that rise, and beside them what is wanted down to each, or offered up to it. */
function columnsOf(book: Book): Columns {
  const { bids, asks } = book.levels();
  const [wanted, offered] = [summed(bids).reverse(), summed(asks)];
  const prices = [...wanted, ...offered].map(([price]) => price);
  return [
    prices,
    [...wanted.map(([, sum]) => sum), ...offered.map(() => null)],
    [...wanted.map(() => null), ...offered.map(([, sum]) => sum)],
  ];
}
