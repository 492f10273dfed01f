// The backtests there are, with how far each is, and which are looked at.
import { useState } from "preact/hooks";
import { fixed, percent, utcDay } from "../../live/format";
import { post, type Problem } from "../../live/rest";
import { attempt, Failure, Nothing, Panel, Refusal, Simulated, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { backtests } from "./lists";
import { share, tone } from "./money";
import type { Run } from "./plans";

interface RunsProps {
  runs: readonly Run[];
  chosen: readonly string[];
  flip: (id: string) => void;
}

export function BacktestRuns({ runs, chosen, flip }: RunsProps) {
  const [refused, setRefused] = useState<Problem>();
  const made = runs.some(({ result }) => result?.metadata.simulated);
  const cancel = async (id: string) =>
    setRefused(await attempt(async () => void (await post(`/api/oracle/runs/${encodeURIComponent(id)}/cancel`))));
  return (
    <Panel
      id="backtests"
      title="Backtests"
      note={runs.length > 0 && "tick up to four to compare them"}
      controls={made && <Simulated />}
    >
      <Failure poll={backtests} what="The backtests" />
      <Refusal problem={refused} clear={() => setRefused(undefined)} />
      {runs.length === 0 ? (
        <Nothing>
          {backtests.value
            ? "No strategy was tried on the past yet. Begin one in the form beside this."
            : waiting(backtests, "the backtests")}
        </Nothing>
      ) : (
        <Scroll label="Backtests" tall>
          <table>
            <caption class="unseen">Backtests, newest first</caption>
            <thead>
              <tr>
                <th scope="col">
                  <span class="unseen">Show</span>
                </th>
                <th scope="col">Strategy</th>
                <th scope="col" class="wide">
                  Days
                </th>
                <th scope="col" class="num">
                  Return
                </th>
                <th scope="col" class="num">
                  Drawdown
                </th>
                <th scope="col" class="num wide">
                  Sharpe
                </th>
                <th scope="col" class="num wide">
                  Trades
                </th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <Row key={run.id} run={run} shown={chosen.includes(run.id)} flip={flip} cancel={cancel} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

interface RowProps {
  run: Run;
  shown: boolean;
  flip: (id: string) => void;
  cancel: (id: string) => Promise<void>;
}

function Row({ run, shown, flip, cancel }: RowProps) {
  const { id, params, status, result, created } = run;
  const done = status === "completed" && result;
  return (
    <tr data-backtest={id}>
      <td>
        <input type="checkbox" checked={shown} aria-label={`Show backtest ${nameOf(run)}`} onChange={() => flip(id)} />
      </td>
      <th scope="row">
        {params.strategy}
        <span class="dim by">
          <Time iso={created} />
          {params.symbols?.length ? `, ${params.symbols.join(" ")}` : ""}
        </span>
      </th>
      <td class="wide dim">{spanOf(run)}</td>
      <td class={`num ${done ? tone(result.total_return_pct) : ""}`}>{done ? percent(result.total_return_pct) : "–"}</td>
      <td class="num">{done ? share(result.max_drawdown_pct) : "–"}</td>
      <td class="num wide">{done ? fixed(result.sharpe_ratio, 2) : "–"}</td>
      <td class="num wide">{done ? result.total_trades : "–"}</td>
      <td>
        <State run={run} cancel={cancel} />
      </td>
    </tr>
  );
}

function State({ run, cancel }: { run: Run; cancel: (id: string) => Promise<void> }) {
  const { id, status, progress, error } = run;
  if (status === "completed") return <span class="dim">completed</span>;
  if (status === "failed")
    return (
      <span class="down" title={error ?? ""}>
        failed
      </span>
    );
  if (status === "cancelled" || status === "stopped") return <span class="dim">{status}</span>;
  return (
    <>
      <progress value={progress} max={1} aria-label={`Progress of ${nameOf(run)}`} /> {Math.round(progress * 100)}%{" "}
      <button type="button" class="quiet" aria-label={`Cancel backtest ${nameOf(run)}`} onClick={() => void cancel(id)}>
        Cancel
      </button>
    </>
  );
}

/** As it is called where it is one of several. */
export function nameOf({ id, params }: Run): string {
  return `${params.strategy} ${id.slice(-4)}`;
}

export function spanOf({ params: { start = "", end = "" } }: Run): string {
  return `${utcDay(start)} ${start.slice(0, 4)} – ${utcDay(end)} ${end.slice(0, 4)}`;
}
