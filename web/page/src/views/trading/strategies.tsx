// Strategies: which there are, whether they may trade, what they have said, and how they rank.
import { useState } from "preact/hooks";
import { fixed } from "../../live/format";
import { post, type Problem } from "../../live/rest";
import { Failure, Nothing, Panel, Refusal, Switch, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { hrefOf } from "../../shell/route";
import { strategyStates, useKinds } from "./kinds";
import { signals, strategies, useLists } from "./lists";
import { Rankings } from "./rankings";
import type { Signal, StrategyListed } from "./plans";

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
      {rows.length === 0 ? (
        <Nothing>
          {strategies.value ? (
            <>
              No strategy is set up. Name one in <code>[strategies]</code> of the settings.
            </>
          ) : (
            waiting(strategies, "the strategies")
          )}
        </Nothing>
      ) : (
        <Scroll label="Strategies and whether they trade">
          <table class="strategies">
            <caption class="unseen">Strategies and whether they trade</caption>
            <thead>
              <tr>
                <th scope="col">Strategy</th>
                <th scope="col">State</th>
                <th scope="col" class="num">
                  Candidates
                </th>
                <th scope="col" class="num wide">
                  Holds at least
                </th>
                <th scope="col" class="wide">
                  Settings
                </th>
                <th scope="col">
                  <span class="unseen">Backtest</span>
                </th>
                <th scope="col">
                  <span class="unseen">On or off</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <Row key={one.name} one={one} failed={setRefused} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

function Row({ one, failed }: { one: StrategyListed; failed: (problem: Problem | undefined) => void }) {
  const state = strategyStates.values.get(one.name);
  const verdicts = Object.values(state?.verdicts ?? {});
  const word = !state ? "not started" : state.unavailable ? "unavailable" : state.enabled ? "on" : "off";
  return (
    <tr data-strategy={one.name}>
      <th scope="row">
        {one.name}
        <span class="dim by">{one.description}</span>
      </th>
      <td>
        <span class={`health ${word === "on" ? "healthy" : ""}`}>{word}</span>
        {state?.unavailable && <span class="dim by">{state.unavailable}</span>}
      </td>
      <td class="num">{verdicts.length ? verdicts.filter(({ candidate }) => candidate).length : "–"}</td>
      <td class="num wide">
        {one.min_hold_days} {one.min_hold_days === 1 ? "bar" : "bars"}
      </td>
      <td class="wide params dim">
        {Object.entries(one.params).map(([name, value]) => (
          <span key={name}>
            {name.replaceAll("_", " ")} {String(value)}
          </span>
        ))}
      </td>
      <td>
        <a href={hrefOf("trading", "backtests", { strategy: one.name })} aria-label={`Backtest ${one.name}`}>
          Backtest
        </a>
      </td>
      <td class="end">
        {state && (
          <Switch
            on={state.enabled}
            label={`Strategy ${one.name}`}
            failed={failed}
            change={async (on) =>
              void (await post(`/api/strategies/${encodeURIComponent(one.name)}/${on ? "enable" : "disable"}`))
            }
          />
        )}
      </td>
    </tr>
  );
}

function Signals() {
  useLists(signals);
  const rows = signals.value ?? [];
  return (
    <Panel id="signals" title="Signals" note={rows.length > 0 && "newest first"}>
      <Failure poll={signals} what="Signals" />
      {rows.length === 0 ? (
        <Nothing>
          {signals.value
            ? "No strategy has wanted anything yet: they decide when a daily bar closes."
            : waiting(signals, "the signals")}
        </Nothing>
      ) : (
        <Scroll label="Signals" tall>
          <table>
            <caption class="unseen">Signals, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Signal</th>
                <th scope="col" class="num">
                  Strength
                </th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ id, ts, data }) => {
                const { symbol, direction, strength, strategy_name, reason } = data as unknown as Signal;
                return (
                  <tr key={id}>
                    <td class="dim">
                      <Time iso={ts} />
                    </td>
                    <th scope="row">
                      <span class={direction === "LONG" ? "up" : direction === "SHORT" ? "down" : "dim"}>
                        {direction.toLowerCase()}
                      </span>{" "}
                      {symbol}
                      <span class="dim by">{strategy_name}</span>
                    </th>
                    <td class="num">{fixed(strength, 2)}</td>
                    <td class="why dim">{reason}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}
