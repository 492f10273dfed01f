// Each limit with its value now and how much of it is used; the rule on day trades is one of them.
import { whole } from "../../live/format";
import { useMarkets } from "../../live/markets";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";
import { type Gauge, GaugeTable } from "./bar";
import { holdings } from "./holdings";
import { accounts, equities, openOrders, positions, useKinds } from "./kinds";
import { limits, pdt, summary, useLists } from "./lists";
import { HeldMark } from "./made";
import { money, share } from "./money";
import type { Equity, Limits, Pdt } from "./wire";

export function Gauges() {
  useKinds(accounts, equities, positions, openOrders);
  useLists(limits, pdt, summary);
  useMarkets();
  const marked = equities.values.get("desk");
  return (
    <Panel id="gauges" title="Limits" controls={<HeldMark />}>
      {[limits, pdt, summary].map((poll) => (
        <Failure key={poll.path} poll={poll} what="Limits" />
      ))}
      {!limits.value ? (
        <Nothing>{waiting(limits, "the limits")}</Nothing>
      ) : !marked ? (
        <Nothing>There is no account yet, so nothing is used of any limit.</Nothing>
      ) : (
        <>
          <GaugeTable name="Limits and how much of each is used" what="Limit" of={gaugesOf(limits.value, marked)} />
          {pdt.value && <PdtNote pdt={pdt.value} />}
        </>
      )}
    </Panel>
  );
}

function gaugesOf({ position_limits: one, portfolio_limits: all }: Limits, marked: Equity): Gauge[] {
  const held = holdings();
  const largest = held[0] && marked.equity > 0 ? (100 * Math.abs(held[0].value)) / marked.equity : 0;
  const worst = held.reduce((most, { gainPct }) => Math.max(most, -gainPct), 0);
  const today = summary.value?.trades_today;
  return [
    within("Drawdown", marked.drawdown_pct, all.max_drawdown_pct),
    within("Loss of the day", Math.max(0, -marked.daily_pnl_pct), all.max_daily_loss_pct),
    within("Largest position", largest, one.max_position_pct),
    within("Worst position to its stop", worst, one.stop_loss_pct),
    within("Positions", held.length, all.max_positions, whole),
    today === undefined
      ? { title: "Orders filled today", value: "–", limit: whole(all.max_daily_trades), used: undefined }
      : within("Orders filled today", today, all.max_daily_trades, whole),
    cashReserve(marked.equity > 0 ? (100 * marked.cash) / marked.equity : 0, all.min_cash_reserve_pct),
    ...(pdt.value ? [dayTrades(pdt.value)] : []),
  ];
}

function within(title: string, value: number, most: number, say: (value: number) => string = share): Gauge {
  return { title, value: say(value), limit: say(most), used: value / most };
}

function cashReserve(reserve: number, least: number): Gauge {
  return { title: "Cash reserve", value: share(reserve), limit: `min ${share(least)}`, used: reserve > 0 ? least / reserve : 2 };
}

function dayTrades({ day_trades_used: used, max_day_trades, exempt, enabled }: Pdt): Gauge {
  const free = exempt || !enabled;
  return {
    title: "Day trades",
    value: used === null ? "–" : whole(used),
    limit: free ? "none" : whole(max_day_trades),
    used: free || used === null ? undefined : used / Math.max(max_day_trades, 1),
    ...(free && { word: "exempt" }),
  };
}

function PdtNote({ pdt }: { pdt: Pdt }) {
  const { enabled, exempt, day_trades_left, max_day_trades, rolling_window_days, account_threshold, window_start } = pdt;
  const { currency = "USD" } = accounts.values.get("desk") ?? {};
  const threshold = money(account_threshold, currency, 0);
  const text = !enabled
    ? "The rule on day trades is switched off."
    : exempt
      ? `Day trades are free: the equity is ${threshold} or more. Below that, ${whole(max_day_trades)} in ${rolling_window_days} business days are the most.`
      : day_trades_left === null
        ? "Day trades are still being counted."
        : `${whole(day_trades_left)} day ${day_trades_left === 1 ? "trade" : "trades"} left in ${rolling_window_days} business days, counted from ${window_start}; above ${threshold} they are free.`;
  return (
    <p class="nothing" id="pdt">
      {text}
    </p>
  );
}
