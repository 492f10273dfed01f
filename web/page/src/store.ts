// Everything the page knows. Messages change it at once; paint.ts decides when that is drawn.
import { places } from "./format";
import { notify } from "./notify";
import { touch } from "./paint";
import { Poll } from "./poll";
import { get, Problem } from "./rest";
import { Stream } from "./stream";
import { Trail } from "./trail";
import type {
  ActorNode,
  AlertLife,
  AlertRule,
  Bar,
  Delivery,
  Frame,
  Happening,
  Items,
  Quote,
  Silence,
  Trade,
  Watchdog,
} from "./wire";
import { isSimulated } from "./wire";

const TOPICS = ["quote:*", "trade:*", "event:*", "state:*", "life:*", "attempt:*"];
const MOST_EVENTS = 400;

export class Market {
  quote: Quote | undefined;
  trade: Trade | undefined;
  readonly trail = new Trail();
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

  get simulated(): boolean {
    return isSimulated(this.quote ?? this.trade);
  }
}

export const markets = new Map<string, Market>();
export const events: Happening[] = [];
/** What sources state and nobody has judged, and that a watchdog's life began: it comes by the thousand, and belongs to no list of what happened.
 * A notification says again what an alert said. */
const FACTS = new Set(["transfer", "earnings", "insider_trade", "liquidation", "watchdog_began", "notification"]);
const eventIds = new Set<string>();

export const recorded = new Poll("/api/oracle/events?limit=500", 60_000, items<Happening>, () => {
  for (const happening of [...(recorded.value ?? [])].reverse()) remember(happening);
  touch("events");
});
export const watchdogs = new Poll("/dashboard/watchdogs", 5_000, (body) => body as Watchdog[], () => touch("watchdogs"));
export const rules = new Poll("/api/alerts", 10_000, (body) => body as AlertRule[], () => touch("rules"));
export const lives = new Poll("/api/oracle/alerts?limit=1000", 10_000, items<AlertLife>, () => touch("rules"));
export const silences = new Poll("/api/oracle/silences", 10_000, items<Silence>, () => touch("rules"));
export const deliveries = new Poll("/api/oracle/deliveries?limit=20", 10_000, items<Delivery>, () => touch("deliveries"));
export const tree = new Poll("/api/oracle/tree", 2_000, (body) => body as ActorNode, () => touch("tree"));
const polls = [recorded, watchdogs, rules, lives, silences, deliveries, tree];

export const stream = new Stream(TOPICS, {
  frame: take,
  ready() {
    // Whatever was missed while the link was down is in the lists.
    for (const poll of polls) poll.nudge();
  },
  moved: () => touch("link"),
});

export function start(): void {
  stream.open();
  for (const poll of polls) poll.start();
  window.setInterval(() => touch("clock"), 1_000);
}

/** True when the server has asked for a token and this browser has none that fits. */
export function lockedOut(): boolean {
  return polls.some((poll) => poll.problem?.status === 401);
}

function items<T>(body: unknown): T[] {
  return (body as Items<T>).items;
}

function take(frame: Frame, fresh: boolean): void {
  switch (frame.type) {
    case "quote":
      return takeQuote(told<Quote>(frame), fresh);
    case "trade":
      return takeTrade(told<Trade>(frame), fresh);
    case "event":
      takeEvent(told<Happening>(frame), fresh);
      touch("events");
      return;
    case "life":
      tree.nudge();
      watchdogs.nudge();
      return;
    case "attempt":
      deliveries.nudge();
      return;
    case "state":
      return takeState(frame);
  }
}

function takeEvent(happening: Happening, fresh: boolean): void {
  if (happening.kind === "notification" && (fresh || stream.resuming)) notify(happening);
  if (happening.kind.startsWith("alert_")) deliveries.nudge();
  remember(happening);
}

/** What a frame carries; in frames the time stands beside the data, in lists inside it. */
function told<T extends { ts: string }>(frame: Frame): T {
  return { ts: frame.ts, ...(frame.data as object) } as T;
}

function takeQuote(quote: Quote, fresh: boolean): void {
  if (!isBelieved(quote)) return;
  const market = marketOf(quote.symbol);
  market.quote = quote;
  market.places = Math.max(market.places, places(quote.bid), places(quote.ask));
  heard(market, quote.ts, fresh);
}

function takeTrade(trade: Trade, fresh: boolean): void {
  if (!isBelieved(trade)) return;
  const market = marketOf(trade.symbol);
  market.trade = trade;
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
}

/** Who is believed about a symbol, where the server says so: others quote it too. */
const providers = new Map<string, string>();

function isBelieved(told: { symbol: string; source: string }): boolean {
  return (providers.get(told.symbol) ?? told.source) === told.source;
}

function takeState(frame: Frame): void {
  const topic = frame.topic ?? "";
  if (topic.startsWith("state:source:")) {
    const { value } = frame.data as { value: { provider: string } | null };
    if (value) providers.set(topic.slice("state:source:".length), value.provider);
    return;
  }
  if (topic.startsWith("state:rule:")) {
    rules.nudge();
    lives.nudge();
  } else if (topic.startsWith("state:alert:")) {
    lives.nudge();
  } else if (topic.startsWith("state:silence:")) {
    silences.nudge();
    lives.nudge();
  } else if (topic.includes("watchdog:")) {
    watchdogs.nudge();
  }
}

function marketOf(symbol: string): Market {
  let market = markets.get(symbol);
  if (!market) {
    market = new Market(symbol);
    markets.set(symbol, market);
    pastDue.push(market);
    if (pastDue.length === 1) void fetchPasts();
  }
  return market;
}

/** Markets whose last hour is still to be fetched, one after the other: the server has better things to do. */
const pastDue: Market[] = [];

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
      market.trail.seed(bars.map((bar) => ({ at: Math.min(now, Date.parse(bar.ts) + 60_000), value: bar.close })));
      market.version += 1;
      touch("quotes");
    } catch (error) {
      // Without a past the line starts now: nothing to tell the reader.
      if (!(error instanceof Problem)) throw error;
    }
    pastDue.shift();
  }
}

/** Keep an event once, newest first. */
function remember(happening: Happening): void {
  if (FACTS.has(happening.kind) || eventIds.has(happening.id)) return;
  eventIds.add(happening.id);
  let place = 0;
  while (place < events.length && events[place]!.ts > happening.ts) place += 1;
  events.splice(place, 0, happening);
  for (const old of events.splice(MOST_EVENTS)) eventIds.delete(old.id);
}
