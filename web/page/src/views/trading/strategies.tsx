// Strategies: which there are, whether they may trade, what they have said, and how they rank.
import { useState } from "preact/hooks";
import { fixed } from "../../live/format";
import { post, type Problem } from "../../live/rest";
import type { Happening } from "../../live/wire";
import { Failure, Panel, Refusal, Switch, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { hrefOf } from "../../shell/route";
import { strategyStates, useKinds } from "./kinds";
import { signals, strategies, useLists } from "./lists";
import { Rankings } from "./rankings";
import type { Signal, StrategyListed, StrategyState } from "./plans";

export function Strategies() {
  return (
    <>
      <List />
      <div class="columns">
        <Signals />
        <Rankings />
      </div>
    </>
  );
}

function List() {
  useKinds(strategyStates);
  useLists(strategies);
  const [refused, setRefused] = useState<Problem>();
  const rows = strategies.value ?? [];
  return (
    <Panel id="strategies" title="Strategies" note="one that is off looks on: its positions and their stops stay">
      <Failure poll={strategies} what="Strategies" />
      <Refusal problem={refused} clear={() => setRefused(undefined)} />
      <Table
        name="Strategies and whether they trade"
        class="strategies"
        columns={[...ABOUT, { head: "On or off", unseen: true, class: "end", of: ({ name }) => <OnOff name={name} failed={setRefused} /> }]}
        rows={rows}
        row={({ name }) => ({ key: name, "data-strategy": name })}
        empty={
          strategies.value ? (
            <>
              No strategy is set up. Name one in <code>[strategies]</code> of the settings.
            </>
          ) : (
            waiting(strategies, "the strategies")
          )
        }
      />
    </Panel>
  );
}

const ABOUT: Column<StrategyListed>[] = [
  { head: "Strategy", names: true, of: ({ name, description }) => <>{name}<span class="dim by">{description}</span></> },
  { head: "State", of: ({ name }) => <State of={strategyStates.values.get(name)} /> },
  {
    head: "Candidates",
    num: true,
    of: ({ name }) => {
      const verdicts = Object.values(strategyStates.values.get(name)?.verdicts ?? {});
      return verdicts.length ? verdicts.filter(({ candidate }) => candidate).length : "–";
    },
  },
  { head: "Holds at least", num: true, class: "wide", of: ({ min_hold_days: bars }) => `${bars} ${bars === 1 ? "bar" : "bars"}` },
  {
    head: "Settings",
    class: "wide",
    tone: "params dim",
    of: ({ params }) => Object.entries(params).map(([name, value]) => <span key={name}>{name.replaceAll("_", " ")} {String(value)}</span>),
  },
  {
    head: "Backtest",
    unseen: true,
    of: ({ name }) => (
      <a href={hrefOf("trading", "backtests", { strategy: name })} aria-label={`Backtest ${name}`}>
        Backtest
      </a>
    ),
  },
];

function State({ of: state }: { of: StrategyState | undefined }) {
  const word = !state ? "not started" : state.unavailable ? "unavailable" : state.enabled ? "on" : "off";
  return (
    <>
      <span class={`health ${word === "on" ? "healthy" : ""}`}>{word}</span>
      {state?.unavailable && <span class="dim by">{state.unavailable}</span>}
    </>
  );
}

function OnOff({ name, failed }: { name: string; failed: (problem: Problem | undefined) => void }) {
  const state = strategyStates.values.get(name);
  if (!state) return null;
  const change = async (on: boolean) => void (await post(`/api/strategies/${encodeURIComponent(name)}/${on ? "enable" : "disable"}`));
  return <Switch on={state.enabled} label={`Strategy ${name}`} failed={failed} change={change} />;
}

const SIGNALS: Column<Happening>[] = [
  { head: "Time", tone: "dim", of: ({ ts }) => <Time iso={ts} /> },
  {
    head: "Signal",
    names: true,
    of: (one) => {
      const { direction, symbol, strategy_name } = signalOf(one);
      return (
        <>
          <span class={direction === "LONG" ? "up" : direction === "SHORT" ? "down" : "dim"}>{direction.toLowerCase()}</span> {symbol}
          <span class="dim by">{strategy_name}</span>
        </>
      );
    },
  },
  { head: "Strength", num: true, of: (one) => fixed(signalOf(one).strength, 2) },
  { head: "Why", tone: "why dim", of: (one) => signalOf(one).reason },
];

function signalOf({ data }: Happening): Signal {
  return data as unknown as Signal;
}

function Signals() {
  useLists(signals);
  const rows = signals.value ?? [];
  return (
    <Panel id="signals" title="Signals" note={rows.length > 0 && "newest first"}>
      <Failure poll={signals} what="Signals" />
      <Table
        name="Signals, newest first"
        label="Signals"
        tall
        columns={SIGNALS}
        rows={rows}
        row={({ id }) => ({ key: id })}
        empty={
          signals.value
            ? "No strategy has wanted anything yet: they decide when a daily bar closes."
            : waiting(signals, "the signals")
        }
      />
    </Panel>
  );
}
