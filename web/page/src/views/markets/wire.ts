// What the server sends about one symbol.
import type { Bar } from "../../live/wire";

export type Level = [price: number, size: number];

/** An order book, or what changed in it: a size of 0 takes a level away. */
export interface Depth {
  symbol: string;
  bids: Level[];
  asks: Level[];
  snapshot: boolean;
  first_id: number;
  last_id: number;
  ts: string;
  source: string;
}

export interface Sample {
  name: string;
  subject: string;
  value: number;
  unit: string;
  ts: string;
  source: string;
  simulated?: boolean;
}

/** Best bid and ask of the source that is believed, and how far (0 to 1). */
export interface Believed {
  bid: number;
  ask: number;
  mid: number;
  confidence: number;
  source: string;
  ts: string;
}

/** A bar with where it comes from: made of trades, sent by the venue, or fetched later. */
export interface StoredBar extends Bar {
  trades: number;
  source: string;
  origin: string;
}

export const INTERVALS = ["1m", "5m", "15m", "1h", "1d"] as const;
export type Interval = (typeof INTERVALS)[number];

export const INTERVAL_S: Record<Interval, number> = { "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400 };
