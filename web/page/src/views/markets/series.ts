// Numbers of many topics over time, for the wall: one ring each, filled by the stream and, once, from the history.
import { fixed, places, plain, words } from "../../live/format";
import { follow } from "../../live/link";
import { isBelieved } from "../../live/markets";
import { items } from "../../live/lists";
import { painting, touch } from "../../live/paint";
import { get, Problem } from "../../live/rest";
import { Ring } from "../../live/ring";
import { type Frame, isSimulated } from "../../live/wire";
import type { Columns } from "../../parts/chart";

/** Lines that are shown. */
export const MOST = 100;
const KEPT = 4_096;
const PAST = 600;
const QUIET_S = 1;

interface Told {
  symbol: string;
  source: string;
  bid: number;
  ask: number;
  price: number;
  close: number;
  value: number;
  ts: string;
  simulated?: boolean;
}

export class Series {
  readonly ring = new Ring(1, KEPT);
  readonly name: string;
  /** Of what can be opened as a market; else empty. */
  readonly symbol: string;
  simulated = false;
  private decimals = 0;

  constructor(readonly topic: string) {
    const [kind = "", ...rest] = topic.split(":");
    this.symbol = kind === "quote" || kind === "trade" ? rest.join(":") : "";
    this.name = this.symbol || (kind === "sample" ? `${words(rest[0] ?? "")} ${rest.slice(1).join(":")}` : topic);
  }

  take(told: Told, at: number): void {
    const value = valueOf(told);
    if (value === undefined) return;
    this.simulated = isSimulated(told);
    if (this.symbol && this.ring.length === 0) this.decimals = places(value);
    this.ring.push(at, value);
    touch(this.topic);
  }

  /** Write the newest number into an element, in each frame in which it changed, until the function that is answered is called. */
  show(element: HTMLElement): () => void {
    const shown = element.appendChild(document.createTextNode(""));
    const paint = () => {
      const value = this.ring.last(1);
      const text = value === undefined ? "–" : this.symbol ? fixed(value, this.decimals) : plain(Number(value.toPrecision(9)));
      if (shown.data !== text) shown.data = text;
    };
    paint();
    const leave = painting(this.topic, paint);
    return () => {
      leave();
      shown.remove();
    };
  }

  view(length: number): Columns {
    return this.ring.view(this.span(length)[0]) as unknown as Columns;
  }

  /** What is seen, in seconds UTC: the newest so many. */
  span(length: number): readonly [number, number] {
    const now = Math.max(Date.now() / 1_000, this.ring.last(0) ?? 0);
    return [now - length, now];
  }

  /** The history before what was seen here. */
  async fetch(): Promise<void> {
    const [kind, ...rest] = this.topic.split(":");
    const query: Record<string, string> = { order: "desc", limit: String(PAST), from: new Date(Date.now() - 900_000).toISOString() };
    const asked =
      kind === "sample"
        ? `samples?${new URLSearchParams({ name: rest[0] ?? "", subject: rest.slice(1).join(":"), ...query })}`
        : `ticks?${new URLSearchParams({ kind: kind!, symbol: rest.join(":"), ...query })}`;
    if (kind !== "sample" && !this.symbol) return;
    try {
      const rows = items<Told>(await get(`/api/oracle/${asked}`)).filter((told) => !this.symbol || isBelieved(told));
      this.ring.seed(rows.reverse().map((told) => [Date.parse(told.ts) / 1_000, valueOf(told)!]));
      touch(this.topic);
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // without a past the line starts now
    }
  }
}

/** The number of a message: the middle of a quote, a price, a value. */
function valueOf(told: Told): number | undefined {
  return told.value ?? told.price ?? (told.bid === undefined ? told.close : (told.bid + told.ask) / 2);
}

export class WallSeries {
  /** Topics that came after there were enough lines. */
  more = 0;
  private readonly found = new Map<string, Series>();
  private readonly left = new Set<string>();
  private readonly due: Series[] = [];
  private leaving = false;

  constructor(readonly patterns: readonly string[]) {}

  /** What is touched when a line is added. */
  get part(): string {
    return "wall";
  }

  /** In the order of their names. */
  all(): Series[] {
    return [...this.found.values()].sort((a, b) => (a.topic < b.topic ? -1 : 1));
  }

  /** Follow the topics until the function that is answered is called. */
  hold(): () => void {
    this.leaving = false;
    const leaves = [follow(this.patterns, (frame) => this.take(frame)), painting("clock", () => this.nudge())];
    return () => {
      this.leaving = true;
      leaves.forEach((leave) => leave());
    };
  }

  private take(frame: Frame): void {
    const topic = frame.topic!;
    const told = frame.data as Told;
    let series = this.found.get(topic);
    if (!series) {
      if (told === null || typeof told !== "object" || valueOf(told) === undefined) return;
      if (this.found.size >= MOST) {
        this.more = this.left.add(topic).size;
        return;
      }
      this.found.set(topic, (series = new Series(topic)));
      touch(this.part);
      this.due.push(series);
      if (this.due.length === 1) void this.fetch();
    }
    if (series.symbol && !isBelieved(told)) return;
    const before = series.simulated;
    series.take(told, Date.parse(frame.ts!) / 1_000);
    if (series.simulated !== before) touch(this.part);
  }

  /** One after the other: the server has better things to do. */
  private async fetch(): Promise<void> {
    for (let series = this.due[0]; series && !this.leaving; series = this.due[0]) {
      await series.fetch();
      this.due.shift();
    }
    if (this.leaving) this.due.length = 0;
  }

  /** Time passes for lines of which nothing is heard, too. */
  private nudge(): void {
    const now = Date.now() / 1_000;
    for (const series of this.found.values()) if (now - (series.ring.last(0) ?? 0) > QUIET_S) touch(series.topic);
  }
}
