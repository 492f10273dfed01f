// The backtests there are, with how far each is, and which are looked at.
import { useState } from "preact/hooks";
import { fixed, percent, utcDay } from "../../live/format";
import { post, type Problem } from "../../live/rest";
import { pathOf } from "../../live/run";
import { attempt, Failure, Panel, Refusal, Simulated, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { backtests } from "./lists";
import { share, tone } from "./money";
import type { Backtest, Figures } from "./plans";

interface RunsProps {
  runs: readonly Backtest[];
  chosen: readonly string[];
  flip: (id: string) => void;
}

export function BacktestRuns({ runs, chosen, flip }: RunsProps) {
  const [refused, setRefused] = useState<Problem>();
  const made = runs.some(({ result }) => result?.metadata.simulated);
  const cancel = async (id: string) =>
    setRefused(await attempt(async () => void (await post(`${pathOf(id)}/cancel`))));
  return (
    <Panel
      id="backtests"
      title="Backtests"
      note={runs.length > 0 && "tick up to four to compare them"}
      controls={made && <Simulated />}
    >
      <Failure poll={backtests} what="The backtests" />
      <Refusal problem={refused} clear={() => setRefused(undefined)} />
      <Table
        name="Backtests, newest first"
        label="Backtests"
        tall
        columns={[
          {
            head: "Show",
            unseen: true,
            of: (run) => (
              <input type="checkbox" checked={chosen.includes(run.id)} aria-label={`Show backtest ${nameOf(run)}`} onChange={() => flip(run.id)} />
            ),
          },
          ...ABOUT,
          { head: "State", of: (run) => <State run={run} cancel={cancel} /> },
        ]}
        rows={runs}
        row={({ id }) => ({ key: id, "data-backtest": id })}
        empty={
          backtests.value
            ? "No strategy was tried on the past yet. Begin one in the form beside this."
            : waiting(backtests, "the backtests")
        }
      />
    </Panel>
  );
}

const ABOUT: Column<Backtest>[] = [
  {
    head: "Strategy",
    names: true,
    of: ({ params, created }) => (
      <>
        {params.strategy}
        <span class="dim by">
          <Time iso={created} />
          {params.symbols?.length ? `, ${params.symbols.join(" ")}` : ""}
        </span>
      </>
    ),
  },
  { head: "Days", class: "wide", tone: "dim", of: spanOf },
  {
    head: "Return",
    num: true,
    tone: (run) => ifDone(run, ({ total_return_pct }) => tone(total_return_pct), ""),
    of: (run) => ifDone(run, ({ total_return_pct }) => percent(total_return_pct)),
  },
  { head: "Drawdown", num: true, of: (run) => ifDone(run, ({ max_drawdown_pct }) => share(max_drawdown_pct)) },
  { head: "Sharpe", num: true, class: "wide", of: (run) => ifDone(run, ({ sharpe_ratio }) => fixed(sharpe_ratio, 2)) },
  { head: "Trades", num: true, class: "wide", of: (run) => ifDone(run, ({ total_trades }) => String(total_trades)) },
];

function ifDone({ status, result }: Backtest, say: (result: Figures) => string, otherwise = "–"): string {
  return status === "completed" && result ? say(result) : otherwise;
}

function State({ run, cancel }: { run: Backtest; cancel: (id: string) => Promise<void> }) {
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
export function nameOf({ id, params }: Backtest): string {
  return `${params.strategy} ${id.slice(-4)}`;
}

export function spanOf({ params: { start = "", end = "" } }: Backtest): string {
  return `${utcDay(start)} ${start.slice(0, 4)} – ${utcDay(end)} ${end.slice(0, 4)}`;
}
