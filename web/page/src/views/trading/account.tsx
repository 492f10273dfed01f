// The account: what it is worth, how that came about, and what is held.
import { percent } from "../../live/format";
import { isMadeHere, useMarkets } from "../../live/markets";
import { Nothing, Panel, Simulated, Time } from "../../parts/parts";
import { EquityPanel } from "./equity";
import { Fills } from "./fills";
import { holdings } from "./holdings";
import { accounts, autonomies, brokers, equities, positions, useKinds } from "./kinds";
import { desk, useLists } from "./lists";
import { gain, money, share, tone } from "./money";
import { Positions } from "./positions";
import type { Account, Equity } from "./wire";

export function AccountTab() {
  return (
    <>
      <AccountCard />
      <EquityPanel />
      <div class="columns wide-left">
        <Positions />
        <Fills />
      </div>
    </>
  );
}

function AccountCard() {
  useKinds(accounts, equities, positions, brokers, autonomies);
  useLists(desk);
  useMarkets();
  const account = accounts.values.get("desk");
  const marked = equities.values.get("desk");
  return (
    <Panel id="account" title="Account" note={<Provider />} controls={<Mark />}>
      {account && marked ? (
        <Numbers account={account} marked={marked} />
      ) : (
        <Nothing>
          No broker has reported an account yet. Where an external bot keeps it, it begins with that bot's first report; the broker is
          chosen by <code>broker.provider</code> in the settings.
        </Nothing>
      )}
    </Panel>
  );
}

/** Who keeps the account, and whether that one can be reached. */
function Provider() {
  const broker = [...brokers.values.values()][0];
  if (!broker) return <>no broker has spoken yet</>;
  const { provider, connected, reason, since } = broker;
  return (
    <>
      <span class={`health ${connected ? "healthy" : "unhealthy"}`}>
        {provider} {connected ? "connected" : "disconnected"}
      </span>{" "}
      since <Time iso={since} />
      {reason && `: ${reason}`}
    </>
  );
}

const KEPT: Record<string, string> = { paper: "paper account", simulated: "simulated account", push: "kept by an external bot" };

/** Whose money it is, and whether its prices are made here. */
function Mark() {
  const setUp = desk.value;
  const autonomy = autonomies.values.get("desk");
  const made = [...positions.values.keys()].some(isMadeHere);
  return (
    <>
      {autonomy && <span class="note">{autonomy.mode.replaceAll("_", " ").toLowerCase()}</span>}
      {setUp && (
        <strong class={setUp.real_money ? "mode live" : "mode"}>
          {setUp.real_money ? "live: real money" : (KEPT[setUp.provider] ?? "paper account at the broker")}
        </strong>
      )}
      {made && <Simulated />}
    </>
  );
}

function Numbers({ account, marked }: { account: Account; marked: Equity }) {
  const held = holdings();
  const { currency, initial_cash, realized_pnl, fees_paid } = account;
  const worth = held.reduce((sum, { value }) => sum + value, 0);
  const exposed = held.reduce((sum, { value }) => sum + Math.abs(value), 0);
  const equity = account.cash + worth;
  const day = equity - marked.day_open_equity;
  const total = equity - initial_cash;
  const fall = marked.peak_equity > 0 ? Math.max(0, (100 * (marked.peak_equity - equity)) / marked.peak_equity) : 0;
  const floating = held.reduce((sum, one) => sum + one.gain, 0);
  return (
    <dl class="cards" id="account-numbers">
      <Card title="Equity" value={money(equity, currency)} below={`began with ${money(initial_cash, currency, 0)}`} />
      <Card title="Cash" value={money(account.cash, currency)} below={equity > 0 ? `${share((100 * account.cash) / equity)} of the equity` : ""} />
      <Card title="Buying power" value={money(Math.max(0, account.cash), currency)} below="no leverage: it is the cash" />
      <Card title="Today" value={gain(day, currency)} tone={tone(day)} below={percentOf(day, marked.day_open_equity)} />
      <Card title="All in all" value={gain(total, currency)} tone={tone(total)} below={percentOf(total, initial_cash)} />
      <Card title="Open positions" value={gain(floating, currency)} tone={tone(floating)} below={`${held.length} held`} />
      <Card title="Closed trades" value={gain(realized_pnl, currency)} tone={tone(realized_pnl)} below={`${money(fees_paid, currency)} of fees paid`} />
      <Card title="Drawdown" value={share(fall)} below={`${share(Math.max(fall, marked.max_drawdown_pct))} at most`} />
      <Card title="Exposure" value={equity > 0 ? share((100 * exposed) / equity) : "–"} below={money(exposed, currency)} />
    </dl>
  );
}

function Card({ title, value, below, tone = "" }: { title: string; value: string; below: string; tone?: string }) {
  return (
    <div class="card">
      <dt>{title}</dt>
      <dd class={tone}>
        {value}
        <span class="dim">{below}</span>
      </dd>
    </div>
  );
}

function percentOf(part: number, whole: number): string {
  return whole > 0 ? percent((100 * part) / whole) : "";
}
