// Bars of one symbol and interval: the newest from the server, older ones page by page, and the present one as trades come.
import { isBelieved } from "../../live/markets";
import { follow, onReturn, told } from "../../live/link";
import { touch } from "../../live/paint";
import { get, Problem } from "../../live/rest";
import type { Frame, Items, Trade } from "../../live/wire";
import { INTERVAL_S, type Interval, type StoredBar } from "./wire";

const PAGE = 400;
/** The server counts what was traded elsewhere too, so the newest bars are read again once in a while. */
const NEWEST = 3;
const AGAIN_MS = 30_000;

export interface Candle {
  /** Beginning, seconds UTC. */
  at: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export class Bars {
  /** Oldest first. */
  candles: Candle[] = [];
  /** Grows with each change that is not only of the last candle. */
  version = 0;
  problem: Problem | undefined;
  /** Whether the first page is in. */
  read = false;
  simulated = false;
  private older: string | null | undefined;
  private paging: Promise<void> | undefined;
  private timer = 0;

  constructor(
    readonly symbol: string,
    readonly interval: Interval,
  ) {}

  /** What is touched with each change. */
  get part(): string {
    return `bars:${this.symbol}:${this.interval}`;
  }

  /** Whether the server has older ones. */
  get hasOlder(): boolean {
    return typeof this.older === "string";
  }

  /** Keep them up to date until the function that is answered is called. */
  hold(): () => void {
    const leaves = [
      follow([`trade:${this.symbol}`], (frame, fresh) => fresh && this.trade(told<Trade>(frame))),
      follow([`bar:1m:${this.symbol}`, `bar:1d:${this.symbol}`], (_: Frame, fresh) => fresh && void this.newest()),
      onReturn(() => void (this.read ? this.newest(PAGE) : this.more())),
    ];
    void this.more();
    this.timer = window.setInterval(() => void (this.read ? this.newest() : this.more()), AGAIN_MS);
    return () => {
      clearInterval(this.timer);
      leaves.forEach((leave) => leave());
    };
  }

  /** Read a page of older ones; done at once where there is none, or while one is read. */
  more(): Promise<void> {
    if (this.older === null) return Promise.resolve();
    this.paging ??= this.page().finally(() => (this.paging = undefined));
    return this.paging;
  }

  private async page(): Promise<void> {
    const body = await this.ask({ limit: String(PAGE), ...(this.older && { cursor: this.older }) });
    if (!body) return;
    this.older = body.next;
    this.put(body.items);
    this.read = true;
    touch(this.part);
  }

  private async newest(count = NEWEST): Promise<void> {
    const body = await this.ask({ limit: String(count) });
    if (!body) return;
    const oldest = body.items.at(-1);
    if (oldest && body.next !== null && Date.parse(oldest.ts) / 1_000 > (this.candles.at(-1)?.at ?? 0)) {
      // Between these and what is here there are others: begin anew.
      this.candles = [];
      this.older = body.next;
    }
    this.put(body.items);
    touch(this.part);
  }

  private async ask(query: Record<string, string>): Promise<Items<StoredBar> | undefined> {
    const all = new URLSearchParams({ symbol: this.symbol, interval: this.interval, order: "desc", ...query });
    try {
      const body = (await get(`/api/oracle/bars?${all}`)) as Items<StoredBar>;
      this.problem = undefined;
      return body;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
      touch(this.part);
      return undefined;
    }
  }

  private put(bars: readonly StoredBar[]): void {
    const all = new Map(this.candles.map((candle) => [candle.at, candle]));
    for (const bar of bars) {
      const { open, high, low, close, volume, ts } = bar;
      const at = Date.parse(ts) / 1_000;
      // A trade that is not stored yet must not be taken back.
      const shown = all.get(at);
      all.set(at, shown && shown.volume > volume && at === this.candles.at(-1)?.at ? shown : { at, open, high, low, close, volume });
      this.simulated = bar.source.split(":").includes("simulated");
    }
    this.candles = [...all.values()].sort((a, b) => a.at - b.at);
    this.version += 1;
  }

  private trade(trade: Trade): void {
    if (!this.read || !isBelieved(trade)) return;
    const { price, size } = trade;
    const length = INTERVAL_S[this.interval];
    const at = Math.floor(Date.parse(trade.ts) / 1_000 / length) * length;
    const last = this.candles.at(-1);
    if (last && at < last.at) return; // of a bar that is over; it comes with the next reading
    if (last && at === last.at) {
      last.high = Math.max(last.high, price);
      last.low = Math.min(last.low, price);
      last.close = price;
      last.volume += size;
    } else {
      this.candles.push({ at, open: price, high: price, low: price, close: price, volume: size });
    }
    touch(this.part);
  }
}
