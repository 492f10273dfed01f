// What is known of each symbol: newest quote and trade of the source that is believed, and the price of the last hour.
import { useEffect } from "preact/hooks";
import { places } from "./format";
import { follow, stream, told } from "./link";
import { items } from "./lists";
import { touch } from "./paint";
import { get, Problem } from "./rest";
import { Trail } from "./trail";
import { Turnover } from "./turnover";
import type { Bar, Frame, Quote, Trade } from "./wire";
import { isSimulated } from "./wire";

const TOPICS = ["quote:*", "trade:*"];
/** After so long without being told, the line of a symbol has a hole that its bars fill. */
const STALE_MS = 10_000;

export class Market {
  quote: Quote | undefined;
  trade: Trade | undefined;
  trail = new Trail();
  /** Worth of what was traded in the last hour, in the quote currency. */
  turnover = new Turnover();
  /** When the newest quote or trade was heard (or, from the snapshot, made); milliseconds. */
  heardAt = 0;
  /** Grows with each change. */
  version = 0;
  /** Decimal places, never fewer than already seen, so that columns stand still. */
  places = 2;

  constructor(readonly symbol: string) {}

  get mid(): number | undefined {
    return this.quote ? (this.quote.bid + this.quote.ask) / 2 : this.trade?.price;
  }

  /** Percent against an hour ago, or as far as is known. */
  get change(): number | undefined {
    const first = this.trail.first;
    return first && this.mid !== undefined ? ((this.mid - first.value) / first.value) * 100 : undefined;
  }

  /** Ask minus bid in hundredths of a percent of the mid price. */
  get spreadBps(): number | undefined {
    return this.quote && this.mid ? ((this.quote.ask - this.quote.bid) / this.mid) * 10_000 : undefined;
  }

  get simulated(): boolean {
    return isSimulated(this.quote ?? this.trade);
  }
}

/** By symbol. A change touches the part "quotes" and the part "quote:SYMBOL". */
export const markets = new Map<string, Market>();

/** Who is believed about a symbol, where the server says so: others quote it too. */
const providers = new Map<string, string>();

let watchers = 0;
let leave: (() => void) | undefined;
let leftAt = 0;

/** All that somebody has quoted, in their order. */
export function symbols(): string[] {
  return [...new Set([...providers.keys(), ...markets.keys()])].sort();
}

/** Who is believed about a symbol, where the server says so. */
export function providerOf(symbol: string): string | undefined {
  return providers.get(symbol);
}

/** Whether the prices of a symbol are made by the built-in market. */
export function isMadeHere(symbol: string): boolean {
  const provider = providers.get(symbol);
  return provider === undefined ? (markets.get(symbol)?.simulated ?? false) : isSimulated({ source: provider });
}

/** Whether anything here is made by the built-in market. */
export function anySimulated(): boolean {
  return [...providers.values()].some((provider) => isSimulated({ source: provider })) || [...markets.values()].some((one) => one.simulated);
}

export function start(): void {
  follow(["state:source:*"], (frame) => {
    const { value } = frame.data as { value: { provider: string } | null };
    if (value) providers.set(frame.topic!.slice("state:source:".length), value.provider);
    touch("link");
    touch("sources");
  });
}

/** Follow all quotes and trades while the calling component is shown. */
export function useMarkets(): void {
  useEffect(() => {
    watchers += 1;
    if (watchers === 1) enter();
    return () => {
      watchers -= 1;
      if (watchers > 0) return;
      leave?.();
      leftAt = Date.now();
    };
  }, []);
}

function enter(): void {
  if (leftAt && Date.now() - leftAt > STALE_MS) {
    for (const market of markets.values()) {
      market.trail = new Trail();
      market.turnover = new Turnover();
      want(market);
    }
  }
  leave = follow(TOPICS, (frame, fresh) => (frame.type === "quote" ? takeQuote(frame, fresh) : takeTrade(frame, fresh)));
}

function takeQuote(frame: Frame, fresh: boolean): void {
  const quote = told<Quote>(frame);
  if (!isBelieved(quote)) return;
  const market = marketOf(quote.symbol);
  market.quote = quote;
  market.places = Math.max(market.places, places(quote.bid), places(quote.ask));
  heard(market, quote.ts, fresh);
}

function takeTrade(frame: Frame, fresh: boolean): void {
  const trade = told<Trade>(frame);
  if (!isBelieved(trade)) return;
  const market = marketOf(trade.symbol);
  market.trade = trade;
  if (fresh || stream.resuming) market.turnover.add(Date.parse(trade.ts), trade.price * trade.size);
  market.places = Math.max(market.places, places(trade.price));
  heard(market, trade.ts, fresh);
}

function heard(market: Market, ts: string, fresh: boolean): void {
  const now = Date.now();
  market.heardAt = fresh ? now : Math.max(market.heardAt, Math.min(now, Date.parse(ts)));
  market.version += 1;
  const at = fresh ? now : Math.min(now, Date.parse(ts));
  if (market.mid !== undefined && (fresh || stream.resuming)) market.trail.add(at, market.mid);
  touch("quotes");
  touch(`quote:${market.symbol}`);
}

/** Whether a quote or a trade comes from the source that is believed about its symbol. */
export function isBelieved(one: { symbol: string; source: string }): boolean {
  return (providers.get(one.symbol) ?? one.source) === one.source;
}

function marketOf(symbol: string): Market {
  let market = markets.get(symbol);
  if (!market) {
    market = new Market(symbol);
    markets.set(symbol, market);
    want(market);
  }
  return market;
}

/** Markets whose last hour is still to be fetched, one after the other: the server has better things to do. */
const pastDue: Market[] = [];

function want(market: Market): void {
  pastDue.push(market);
  if (pastDue.length === 1) void fetchPasts();
}

async function fetchPasts(): Promise<void> {
  for (let market = pastDue[0]; market; market = pastDue[0]) {
    const now = Date.now();
    const query = new URLSearchParams({
      symbol: market.symbol,
      interval: "1m",
      from: new Date(now - 3_600_000).toISOString(),
      to: new Date(now).toISOString(),
      limit: "60",
    });
    try {
      const bars = items<Bar>(await get(`/api/oracle/bars?${query}`));
      market.turnover.seed(bars.map((bar) => ({ at: Date.parse(bar.ts), value: bar.close * bar.volume })));
      market.trail.seed(bars.map((bar) => ({ at: Math.min(now, Date.parse(bar.ts) + 60_000), value: bar.close })));
      market.version += 1;
      touch("quotes");
      touch(`quote:${market.symbol}`);
    } catch (error) {
      // Without a past the line starts now: nothing to tell the reader.
      if (!(error instanceof Problem)) throw error;
    }
    pastDue.shift();
  }
}
