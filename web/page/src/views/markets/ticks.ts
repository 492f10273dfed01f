// Quotes and trades of one symbol as they came: the last hour as far as this page and the server's history hold it.
import { places as placesOf } from "../../live/format";
import { isBelieved } from "../../live/markets";
import { follow, onReturn, stream, told } from "../../live/link";
import { items } from "../../live/lists";
import { touch } from "../../live/paint";
import { get, Problem } from "../../live/rest";
import { Ring } from "../../live/ring";
import type { Bar, Frame, Quote, Trade } from "../../live/wire";

/** Rows that are kept: of a fast market that is less than an hour. */
const KEPT = 24_000;
const PAGE = 3_000;
const HOUR_S = 3_600;
const MINUTE_S = 60;
const TAPE = 40;

export const BID = 1;
export const ASK = 2;
export const MID = 3;
export const TRADE = 4;
export const BPS = 5;
const NONE = Number.NaN;

/** A trade with its place in the stream, which no other has. */
export interface Placed extends Trade {
  epoch: string;
  offset: number;
}

export class Ticks {
  /** Time, bid, ask, mid, price of a trade, spread in bps; NaN where a row does not say it. */
  ring = new Ring(5, KEPT);
  /** Newest first. */
  tape: Placed[] = [];
  quote: Quote | undefined;
  heardAt = 0;
  /** Why the past could not be read. */
  problem: Problem | undefined;
  /** What of the hour was asked for is in; until then nobody can say that there is nothing. */
  read = false;
  /** Decimal places, never fewer than already seen. */
  places = 2;

  constructor(readonly symbol: string) {}

  /** What is touched with each quote or trade. */
  get part(): string {
    return `ticks:${this.symbol}`;
  }

  /** What is touched when the past is in, the first number came, or numbers have more places than before. */
  get shape(): string {
    return `shape:${this.symbol}`;
  }

  /** Follow the symbol until the function that is answered is called. */
  hold(): () => void {
    const leaves = [
      follow([`quote:${this.symbol}`, `trade:${this.symbol}`], (frame, fresh) => this.take(frame, fresh)),
      onReturn(() => {
        if (!stream.returned?.missing) return;
        // What was missed lies between what is here and what comes: the history tells all of it anew.
        this.ring = new Ring(5, KEPT);
        this.tape = [];
        void this.fetch();
      }),
    ];
    void this.fetch();
    return () => leaves.forEach((leave) => leave());
  }

  private take(frame: Frame, fresh: boolean): void {
    const one = { ...told<Quote & Trade>(frame), epoch: frame.epoch!, offset: frame.offset! };
    if (!isBelieved(one)) return;
    if (this.ring.length === 0) touch(this.shape);
    this.heardAt = Math.max(this.heardAt, fresh ? Date.now() : Date.parse(one.ts));
    if (frame.type === "quote") this.takeQuote(one);
    else this.takeTrade(one);
    touch(this.part);
  }

  private takeQuote(quote: Quote): void {
    if (this.quote && this.quote.ts >= quote.ts) return; // the newest is told again with each snapshot
    this.quote = quote;
    this.fit(quote.bid, quote.ask);
    this.ring.push(Date.parse(quote.ts) / 1_000, ...valuesOf(quote));
  }

  private takeTrade(trade: Placed): void {
    if (this.tape.some((old) => isSame(old, trade))) return;
    this.fit(trade.price);
    this.tape.unshift(trade);
    this.tape.length = Math.min(this.tape.length, TAPE);
    const at = Date.parse(trade.ts) / 1_000;
    const quoted = [BID, ASK, MID].map((column) => this.ring.last(column) ?? NONE);
    this.ring.push(at, quoted[0]!, quoted[1]!, quoted[2]!, trade.price, this.ring.last(BPS) ?? NONE);
  }

  private fit(...prices: number[]): void {
    const needed = Math.max(...prices.map(placesOf));
    if (needed <= this.places) return;
    this.places = needed;
    touch(this.shape);
  }

  /** Put what the history holds before what was seen here. */
  private async fetch(): Promise<void> {
    const now = Date.now();
    const asked = (kind: string, query: Record<string, string>) =>
      get(`/api/oracle/${kind}?${new URLSearchParams({ symbol: this.symbol, from: new Date(now - HOUR_S * 1_000).toISOString(), ...query })}`);
    try {
      const [quotes, trades, bars] = await Promise.all([
        asked("ticks", { kind: "quote", order: "desc", limit: String(PAGE) }),
        asked("ticks", { kind: "trade", order: "desc", limit: String(PAGE) }),
        asked("bars", { interval: "1m", limit: "60" }),
      ]);
      this.past(items<Quote>(quotes), items<Placed>(trades), items<Bar>(bars));
      this.problem = undefined;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
    this.read = true;
    touch(this.part);
    touch(this.shape);
  }

  private past(quotes: Quote[], trades: Placed[], bars: Bar[]): void {
    const rows: number[][] = quotes.filter(isBelieved).map((quote) => [Date.parse(quote.ts) / 1_000, ...valuesOf(quote)]);
    const believed = trades.filter(isBelieved);
    for (const trade of believed) rows.push([Date.parse(trade.ts) / 1_000, NONE, NONE, NONE, trade.price, NONE]);
    rows.sort((a, b) => a[0]! - b[0]!);
    const first = rows[0]?.[0] ?? Date.now() / 1_000;
    const older = bars.map((bar) => [Date.parse(bar.ts) / 1_000 + MINUTE_S, NONE, NONE, bar.close, NONE, NONE]);
    const all = [...older.filter((row) => row[0]! < first), ...rows];
    for (let row = 1; row < all.length; row += 1) carry(all[row - 1]!, all[row]!);
    this.ring.seed(all);
    if (believed[0]) this.fit(believed[0].price);
    for (const trade of believed) {
      if (this.tape.length >= TAPE) break;
      if (!this.tape.some((old) => isSame(old, trade))) this.tape.push(trade);
    }
    this.tape.sort((a, b) => (a.epoch === b.epoch ? b.offset - a.offset : a.ts < b.ts ? 1 : -1));
  }
}

function valuesOf(quote: Quote): [number, number, number, number, number] {
  const mid = (quote.bid + quote.ask) / 2;
  return [quote.bid, quote.ask, mid, NONE, ((quote.ask - quote.bid) / mid) * 10_000];
}

/** A trade says nothing of the quote, which still stands. */
function carry(before: number[], row: number[]): void {
  for (const column of [BID, ASK, MID, BPS]) if (Number.isNaN(row[column]!)) row[column] = before[column]!;
}

function isSame(a: Placed, b: Placed): boolean {
  return a.offset === b.offset && a.epoch === b.epoch;
}
