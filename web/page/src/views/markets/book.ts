// An order book as a venue tells it: whole, or by what changed since.
import type { Depth, Level } from "./wire";

export class Book {
  private readonly bids = new Map<number, number>();
  private readonly asks = new Map<number, number>();
  private lastId: number | undefined;
  ts = "";

  /** Whether there is a book: before the first whole one, and after a change was missed, there is none. */
  get known(): boolean {
    return this.lastId !== undefined;
  }

  /** Take a message; false where it can't be used, since what came before it is not known. */
  take(depth: Depth): boolean {
    if (depth.snapshot) {
      this.bids.clear();
      this.asks.clear();
    } else if (this.lastId === undefined || depth.last_id <= this.lastId) {
      return false;
    } else if (depth.first_id > this.lastId + 1) {
      this.lastId = undefined;
      return false;
    }
    put(this.bids, depth.bids);
    put(this.asks, depth.asks);
    this.lastId = depth.last_id;
    this.ts = depth.ts;
    return true;
  }

  /** The best levels of both sides, best first. */
  levels(most = Infinity): { bids: Level[]; asks: Level[] } {
    const bids = [...this.bids].sort((a, b) => b[0] - a[0]);
    const asks = [...this.asks].sort((a, b) => a[0] - b[0]);
    return { bids: bids.slice(0, most), asks: asks.slice(0, most) };
  }
}

function put(side: Map<number, number>, levels: readonly Level[]): void {
  for (const [price, size] of levels) {
    if (size > 0) side.set(price, size);
    else side.delete(price);
  }
}

/** Sizes summed up from the best level on. */
export function summed(levels: readonly Level[]): Level[] {
  let sum = 0;
  return levels.map(([price, size]) => [price, (sum += size)]);
}

/** What is wanted less what is offered, as a share of both: 1 is all buyers, -1 all sellers. */
export function imbalance(bids: readonly Level[], asks: readonly Level[]): number | undefined {
  const [wanted, offered] = [bids, asks].map((side) => side.reduce((sum, [, size]) => sum + size, 0)) as [number, number];
  return wanted + offered > 0 ? (wanted - offered) / (wanted + offered) : undefined;
}
