// In which order symbols are shown, and which.
import type { Market } from "../../live/markets";

export interface Order {
  by: string;
  down: boolean;
}

/** What a column is sorted by; a text, or a number that may not be known. */
export const KEYS: Record<string, (market: Market) => string | number | undefined> = {
  symbol: (market) => market.symbol,
  change: (market) => market.change,
  bid: (market) => market.quote?.bid,
  ask: (market) => market.quote?.ask,
  spread: (market) => market.spreadBps,
  trade: (market) => market.trade?.price,
  traded: (market) => market.turnover.total(Date.now()),
  heard: (market) => market.heardAt,
};

/** As the address spells it: "change", or "-change" for the largest first. */
export function orderOf(word: string): Order {
  const by = word.replace(/^-/, "");
  return by in KEYS ? { by, down: word.startsWith("-") } : { by: "symbol", down: false };
}

/** The word after a press on a column: numbers begin with the largest, names with the first; again turns it round. */
export function pressed({ by, down }: Order, column: string): string {
  if (by === column) return down ? column : `-${column}`;
  return column === "symbol" ? column : `-${column}`;
}

/** Those whose names hold what was typed, in order; what is not known comes last either way. */
export function ordered(all: Iterable<Market>, { by, down }: Order, typed: string): Market[] {
  const key = KEYS[by]!;
  const part = typed.trim().toUpperCase();
  const rows = [...all].filter((market) => market.symbol.includes(part)).map((market) => ({ market, value: key(market) }));
  rows.sort((a, b) => {
    if (a.value === b.value) return a.market.symbol < b.market.symbol ? -1 : 1;
    if (a.value === undefined || b.value === undefined) return a.value === undefined ? 1 : -1;
    return a.value < b.value === down ? 1 : -1;
  });
  return rows.map(({ market }) => market);
}
