// The lists of trading that only the server can put together, and what on the stream says that one of them is old.
import { useTopics } from "../../live/link";
import { items } from "../../live/lists";
import { Poll, usePolls } from "../../live/poll";
import type { Happening, Items } from "../../live/wire";
import type { Backtest, Said, StrategyListed } from "./plans";
import type { ClosedTrade, Desk, Factor, KillAct, Limits, ListedOrder, Pdt, Quality, Summary } from "./wire";

const SLOW_MS = 60_000;

export const desk = new Poll<Desk>("trading:desk", "/api/oracle/desk", 10 * SLOW_MS);
export const limits = new Poll<Limits>("trading:limits", "/api/risk/limits", 10 * SLOW_MS);
export const strategies = new Poll<StrategyListed[]>("trading:strategies", "/api/strategies", 10 * SLOW_MS);
export const orders = new Poll<ListedOrder[]>("trading:orders", "/api/trades/orders?limit=100", SLOW_MS);
export const fills = new Poll("trading:fills", "/api/oracle/events?kind=fill&limit=50", SLOW_MS, items<Happening>);
export const trades = new Poll<ClosedTrade[]>("trading:trades", "/api/trades/trades?limit=1000", SLOW_MS);
export const quality = new Poll<Quality[]>("trading:quality", "/api/trades/execution-quality?limit=500", SLOW_MS);
export const pdt = new Poll<Pdt>("trading:pdt", "/api/risk/pdt-status", SLOW_MS);
export const summary = new Poll<Summary>("trading:summary", "/api/risk/summary", SLOW_MS);
export const signals = new Poll("trading:signals", "/api/oracle/events?kind=signal&limit=50", SLOW_MS, items<Happening>);
export const confluence = new Poll<Record<string, Factor>>("trading:confluence", "/api/journal/confluence", SLOW_MS);
export const backtests = new Poll("trading:backtests", "/api/oracle/runs?kind=strategy_backtest&limit=50", 30_000, items<Backtest>);
export const killActs = new Poll<KillAct[]>(
  "trading:kill",
  "/api/risk/kill-switch/history?limit=20",
  SLOW_MS,
  (body) => (body as Items<KillAct>).items,
);
export const said = new Poll<Said[]>("trading:said", "/api/state", SLOW_MS, (body) => (body as { events: Said[] }).events);

const ORDERS = [
  "event:order_submitted:*",
  "event:order_pending_approval:*",
  "event:order_partially_filled:*",
  "event:order_filled:*",
  "event:order_cancelled:*",
  "event:order_rejected:*",
  "event:order_expired:*",
];

/** What makes a list old. */
const NEWS = new Map<Poll<any>, readonly string[]>([
  [orders, ORDERS],
  [fills, ["event:fill:*"]],
  [trades, ["event:trade_closed:*"]],
  [quality, ["event:order_filled:*"]],
  [pdt, ["event:trade_closed:*", "event:fill:*"]],
  [summary, ["event:fill:*"]],
  [signals, ["event:signal:*"]],
  [confluence, ["event:trade_closed:*", "event:terminal:*"]],
  [killActs, ["state:switch:kill"]],
]);

/** Keep lists up to date while the calling component is shown. */
export function useLists(...lists: Poll<any>[]): void {
  usePolls(...lists);
  const topics = new Set(lists.flatMap((list) => NEWS.get(list) ?? []));
  useTopics([...topics], ({ topic = "" }) => {
    for (const list of lists) if ((NEWS.get(list) ?? []).some((news) => fits(news, topic))) list.nudge();
  });
}

function fits(pattern: string, topic: string): boolean {
  return pattern.endsWith("*") ? topic.startsWith(pattern.slice(0, -1)) : pattern === topic;
}
