// The account: what it is worth, how that came about, and what is held.
import { percent } from "../../live/format";
import { useMarkets } from "../../live/markets";
import { Card, Cards } from "../../parts/card";
import { Nothing, Panel, Time } from "../../parts/parts";
import { EquityPanel } from "./equity";
import { Fills } from "./fills";
import { holdings, reservedCash } from "./holdings";
import { accounts, autonomies, brokers, equities, openOrders, positions, useKinds } from "./kinds";
import { desk, useLists } from "./lists";
import { HeldMark } from "./made";
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
  useKinds(accounts, equities, positions, openOrders, brokers, autonomies);
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
          No broker has reported an account yet. Where an external bot keeps it, it begins with that bot's first report; the
          broker is chosen by <code>broker.provider</code> in the settings.
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
  return (
    <>
      {autonomy && <span class="note">{autonomy.mode.replaceAll("_", " ").toLowerCase()}</span>}
      {setUp && (
        <strong class={setUp.real_money ? "mode live" : "mode"}>
          {setUp.real_money ? "live: real money" : (KEPT[setUp.provider] ?? "paper account at the broker")}
        </strong>
      )}
      <HeldMark />
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
  const reserved = reservedCash();
  const floating = held.reduce((sum, one) => sum + one.gain, 0);
  return (
    <Cards label="Account in numbers">
      <Card name="Equity" note={`began with ${money(initial_cash, currency, 0)}`}>
        {money(equity, currency)}
      </Card>
      <Card name="Cash" note={equity > 0 ? `${share((100 * account.cash) / equity)} of the equity` : ""}>
        {money(account.cash, currency)}
      </Card>
      <Card name="Buying power" note={reserved > 0 ? `${money(reserved, currency)} are reserved` : "no order reserves any"}>
        {money(Math.max(0, account.cash - reserved), currency)}
      </Card>
      <Card name="Today" tone={tone(day)} note={percentOf(day, marked.day_open_equity)}>
        {gain(day, currency)}
      </Card>
      <Card name="Total gain" tone={tone(total)} note={percentOf(total, initial_cash)}>
        {gain(total, currency)}
      </Card>
      <Card name="Open positions" tone={tone(floating)} note={`${held.length} held`}>
        {gain(floating, currency)}
      </Card>
      <Card name="Closed trades" tone={tone(realized_pnl)} note={`${money(fees_paid, currency)} of fees paid`}>
        {gain(realized_pnl, currency)}
      </Card>
      <Card name="Drawdown" note={`${share(Math.max(fall, marked.max_drawdown_pct))} at most`}>
        {share(fall)}
      </Card>
      <Card name="Exposure" note={money(exposed, currency)}>
        {equity > 0 ? share((100 * exposed) / equity) : "–"}
      </Card>
    </Cards>
  );
}

function percentOf(part: number, whole: number): string {
  return whole > 0 ? percent((100 * part) / whole) : "";
}
