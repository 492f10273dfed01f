// Each limit with its value now and how much of it is used; the rule on day trades is one of them.
import { whole } from "../../live/format";
import { useMarkets } from "../../live/markets";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { GaugeHead, GaugeRow } from "./bar";
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
          <Scroll label="Limits and how much of each is used">
            <table class="gauges">
              <caption class="unseen">Limits and how much of each is used</caption>
              <GaugeHead what="Limit" />
              <tbody>
                <Rows limits={limits.value} marked={marked} />
              </tbody>
            </table>
          </Scroll>
          {pdt.value && <PdtNote pdt={pdt.value} />}
        </>
      )}
    </Panel>
  );
}

function Rows({ limits: { position_limits: one, portfolio_limits: all }, marked }: { limits: Limits; marked: Equity }) {
  const held = holdings();
  const largest = held[0] && marked.equity > 0 ? (100 * Math.abs(held[0].value)) / marked.equity : 0;
  const worst = held.reduce((most, { gainPct }) => Math.max(most, -gainPct), 0);
  const loss = Math.max(0, -marked.daily_pnl_pct);
  const reserve = marked.equity > 0 ? (100 * marked.cash) / marked.equity : 0;
  const today = summary.value?.trades_today;
  return (
    <>
      <GaugeRow
        title="Drawdown"
        value={share(marked.drawdown_pct)}
        limit={share(all.max_drawdown_pct)}
        used={marked.drawdown_pct / all.max_drawdown_pct}
      />
      <GaugeRow
        title="Loss of the day"
        value={share(loss)}
        limit={share(all.max_daily_loss_pct)}
        used={loss / all.max_daily_loss_pct}
      />
      <GaugeRow
        title="Largest position"
        value={share(largest)}
        limit={share(one.max_position_pct)}
        used={largest / one.max_position_pct}
      />
      <GaugeRow
        title="Worst position to its stop"
        value={share(worst)}
        limit={share(one.stop_loss_pct)}
        used={worst / one.stop_loss_pct}
      />
      <GaugeRow
        title="Positions"
        value={whole(held.length)}
        limit={whole(all.max_positions)}
        used={held.length / all.max_positions}
      />
      <GaugeRow
        title="Orders filled today"
        value={today === undefined ? "–" : whole(today)}
        limit={whole(all.max_daily_trades)}
        used={today === undefined ? undefined : today / all.max_daily_trades}
      />
      <GaugeRow
        title="Cash reserve"
        value={share(reserve)}
        limit={`min ${share(all.min_cash_reserve_pct)}`}
        used={reserve > 0 ? all.min_cash_reserve_pct / reserve : 2}
      />
      {pdt.value && <DayTrades pdt={pdt.value} />}
    </>
  );
}

function DayTrades({ pdt: { day_trades_used: used, max_day_trades, exempt, enabled } }: { pdt: Pdt }) {
  const free = exempt || !enabled;
  return (
    <GaugeRow
      title="Day trades"
      value={used === null ? "–" : whole(used)}
      limit={free ? "none" : whole(max_day_trades)}
      used={free || used === null ? undefined : used / Math.max(max_day_trades, 1)}
      {...(free && { word: "exempt" })}
    />
  );
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
