// The form that begins a backtest of a strategy.
import { useState } from "preact/hooks";
import { post, type Problem } from "../../live/rest";
import { attempt, Panel, Refusal } from "../../parts/parts";
import { useQuery } from "../../shell/route";
import { strategies, useLists } from "./lists";
import type { Backtest } from "./plans";

const DAY_MS = 86_400_000;

function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10);
}

export function BacktestForm({ begun }: { begun: (id: string) => void }) {
  useLists(strategies);
  const known = strategies.value ?? [];
  const [named, setNamed] = useQuery("strategy");
  const strategy = known.find(({ name }) => name === named) ?? known[0];
  const [start, setStart] = useState(daysAgo(730));
  const [end, setEnd] = useState(daysAgo(0));
  const [capital, setCapital] = useState("100000");
  const [symbols, setSymbols] = useState("");
  const [sizing, setSizing] = useState("half_kelly");
  const [orders, setOrders] = useState("live");
  const [limited, setLimited] = useState(true);
  const [params, setParams] = useState<Record<string, string>>({});
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<Problem>();
  const begin = async () => {
    if (!strategy || asking) return;
    setAsking(true);
    const wish = {
      start,
      end,
      initial_capital: Number(capital),
      symbols: symbols
        .toUpperCase()
        .split(/[\s,]+/)
        .filter(Boolean),
      sizing,
      orders,
      limits: limited,
      params: changedOf(strategy.params, params),
    };
    const problem = await attempt(async () => {
      const path = `/api/strategies/${encodeURIComponent(strategy.name)}/backtest`;
      const run = (await post(path, wish, { Prefer: "respond-async" })) as Backtest;
      begun(run.id);
    });
    setAsking(false);
    setRefused(problem);
  };
  return (
    <Panel id="backtest-form" title="New backtest">
      <form class="order" onSubmit={(event) => (event.preventDefault(), void begin())}>
        <label>
          Strategy
          <select class="field" value={strategy?.name} onChange={(event) => (setNamed(event.currentTarget.value), setParams({}))}>
            {known.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label>
          From
          <input class="field" type="date" required value={start} onInput={(event) => setStart(event.currentTarget.value)} />
        </label>
        <label>
          To
          <input class="field" type="date" required value={end} onInput={(event) => setEnd(event.currentTarget.value)} />
        </label>
        <label>
          Capital, USD
          <input
            class="field num"
            type="number"
            min="1"
            step="any"
            required
            value={capital}
            onInput={(event) => setCapital(event.currentTarget.value)}
          />
        </label>
        <label>
          Symbols
          <input
            class="field"
            value={symbols}
            placeholder="all of the universe"
            onInput={(event) => setSymbols(event.currentTarget.value)}
          />
        </label>
        <details>
          <summary>How it trades, and its settings</summary>
          <label>
            Size
            <select class="field" value={sizing} onChange={(event) => setSizing(event.currentTarget.value)}>
              <option value="half_kelly">half Kelly, as live</option>
              <option value="all_in">all the cash</option>
            </select>
          </label>
          <label>
            Orders
            <select class="field" value={orders} onChange={(event) => setOrders(event.currentTarget.value)}>
              <option value="live">with stop and target, as live</option>
              <option value="market">at the market</option>
            </select>
          </label>
          <label class="tick">
            <input type="checkbox" checked={limited} onChange={(event) => setLimited(event.currentTarget.checked)} /> The risk
            gate judges orders, as live
          </label>
          {Object.entries(strategy?.params ?? {}).map(([name, value]) =>
            typeof value === "number" ? (
              <label key={name}>
                {name.replaceAll("_", " ")}
                <input
                  class="field num"
                  type="number"
                  step="any"
                  value={params[name] ?? String(value)}
                  onInput={(event) => setParams({ ...params, [name]: event.currentTarget.value })}
                />
              </label>
            ) : null,
          )}
        </details>
        <Refusal problem={refused} clear={() => setRefused(undefined)} />
        <button type="submit" class="quiet strong" aria-busy={asking} disabled={!strategy}>
          Begin the backtest
        </button>
      </form>
    </Panel>
  );
}

/** The settings that differ from what the strategy is set up with. */
function changedOf(known: Record<string, unknown>, typed: Record<string, string>): Record<string, number> {
  const found = Object.entries(typed).filter(([name, text]) => text.trim() !== "" && Number(text) !== known[name]);
  return Object.fromEntries(found.map(([name, text]) => [name, Number(text)]));
}
