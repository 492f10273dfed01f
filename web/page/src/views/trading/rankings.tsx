// Strategies ranked by backtests over all that is stored. Those are run when somebody wants to see it, not before.
import { fixed, percent, whole } from "../../live/format";
import { Poll, usePolls } from "../../live/poll";
import { useTopics } from "../../live/link";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { useQuery } from "../../shell/route";
import { strategies, useLists } from "./lists";
import { share } from "./money";
import type { Ranking } from "./plans";

const rankings = new Poll<Ranking[]>("trading:rankings", "/api/strategies/rankings?wait_s=1", 30_000);

export function Rankings() {
  const [ranked, setRanked] = useQuery("ranked");
  return (
    <Panel
      id="rankings"
      title="Ranking"
      note={ranked && "by composite score, over all that is stored"}
      controls={
        !ranked && (
          <button type="button" class="quiet" onClick={() => setRanked("yes")}>
            Rank the strategies
          </button>
        )
      }
    >
      {ranked ? (
        <Ranked />
      ) : (
        <Nothing>
          A backtest of each strategy over all stored daily bars, which takes a few seconds each where there is none of today.
        </Nothing>
      )}
    </Panel>
  );
}

const COLUMNS: Column<Ranking>[] = [
  {
    head: "Strategy",
    names: true,
    of: (one) => (
      <>
        {one.strategy_name}
        <span class="dim by">
          <Time iso={one.ranked_at} />
        </span>
      </>
    ),
  },
  { head: "Score", num: true, of: (one) => fixed(100 * one.composite_score, 1) },
  { head: "Sharpe", num: true, of: (one) => fixed(one.sharpe_ratio, 2) },
  { head: "Sortino", num: true, class: "roomy", of: (one) => fixed(one.sortino_ratio, 2) },
  { head: "Drawdown", num: true, of: (one) => share(one.max_drawdown_pct) },
  { head: "Profit factor", num: true, class: "roomy", of: (one) => fixed(one.profit_factor, 2) },
  { head: "Won", num: true, class: "wider", of: (one) => percent(100 * one.win_rate).replace("+", "") },
  { head: "Trades", num: true, of: (one) => whole(one.total_trades) },
  { head: "Thresholds", of: (one) => (one.meets_thresholds ? <span class="up">met</span> : <span class="dim">not met</span>) },
];

function Ranked() {
  usePolls(rankings);
  useLists(strategies);
  useTopics(["event:run_completed:*", "event:run_failed:*"], () => rankings.nudge());
  const rows = rankings.value ?? [];
  const left = (strategies.value ?? [])
    .filter(({ name }) => !rows.some(({ strategy_name }) => strategy_name === name))
    .map(({ name }) => name);
  return (
    <>
      <Failure poll={rankings} what="The ranking" />
      <Table
        name="Strategies by composite score"
        columns={COLUMNS}
        rows={rows}
        row={({ strategy_name }) => ({ key: strategy_name, "data-ranking": strategy_name })}
        empty={rankings.value === undefined && waiting(rankings, "the ranking")}
      />
      {left.length > 0 && rankings.value && (
        <p class="nothing">
          Not ranked, or not yet: {left.join(", ")}. One that trains itself is ranked once its backtest over all bars was run.
        </p>
      )}
    </>
  );
}
