// What is held, at present prices: the newest of the source that is believed, else the one at which the server marked it last.
import { markets } from "../../live/markets";
import { equities, openOrders, positions } from "./kinds";
import type { Position } from "./wire";

export const UNKNOWN = "Unknown";

export interface Holding extends Position {
  price: number;
  value: number;
  gain: number;
  gainPct: number;
  stop: number | undefined;
  target: number | undefined;
}

/** The positions, the greatest first. */
export function holdings(): Holding[] {
  const marked = equities.values.get("desk")?.prices ?? {};
  const found = [...positions.values.values()].map((one) =>
    holdingOf(one, markets.get(one.symbol)?.mid ?? marked[one.symbol] ?? one.avg_entry_price),
  );
  return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || (a.symbol < b.symbol ? -1 : 1));
}

/** What is held in each sector, long and short alike, in percent of the equity. */
export function exposure(sectors: Record<string, string>): Map<string, number> {
  const equity = equities.values.get("desk")?.equity ?? 0;
  const found = new Map<string, number>();
  if (equity <= 0) return found;
  for (const { symbol, value } of holdings()) {
    const sector = sectors[symbol] ?? UNKNOWN;
    found.set(sector, (found.get(sector) ?? 0) + (100 * Math.abs(value)) / equity);
  }
  return found;
}

/** What the orders at work may still cost: entries alone, exits bring money. */
export function reservedCash(): number {
  let sum = 0;
  for (const { side, symbol, quantity, filled_quantity, limit_price, stop_price } of openOrders.values.values()) {
    if (side !== "BUY" || (positions.values.get(symbol)?.quantity ?? 0) < 0) continue;
    sum += (quantity - filled_quantity) * (limit_price ?? stop_price ?? markets.get(symbol)?.mid ?? 0);
  }
  return sum;
}

function holdingOf(one: Position, price: number): Holding {
  const gain = (price - one.avg_entry_price) * one.quantity;
  const paid = one.avg_entry_price * Math.abs(one.quantity);
  return { ...one, price, value: one.quantity * price, gain, gainPct: paid ? (100 * gain) / paid : 0, ...exitsOf(one) };
}

/** The prices of the orders that would close it. */
function exitsOf({ symbol, quantity }: Position): { stop: number | undefined; target: number | undefined } {
  const closing = quantity > 0 ? "SELL" : "BUY";
  let stop: number | undefined;
  let target: number | undefined;
  for (const order of openOrders.values.values()) {
    if (order.symbol !== symbol || order.side !== closing || order.status === "PENDING") continue;
    if (order.order_type === "STOP" || order.order_type === "STOP_LIMIT") stop = order.stop_price ?? undefined;
    else if (order.order_type === "LIMIT") target = order.limit_price ?? undefined;
  }
  return { stop, target };
}
