// Strategies ranked by backtests over all that is stored. Those are run when somebody wants to see it, not before.
import { fixed, percent, whole } from "../../live/format";
import { Poll, usePolls } from "../../live/poll";
import { useTopics } from "../../live/link";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
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
        <Table />
      ) : (
        <Nothing>
          A backtest of each strategy over all stored daily bars, which takes a few seconds each where there is none of today.
        </Nothing>
      )}
    </Panel>
  );
}

function Table() {
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
      {rankings.value === undefined && <Nothing>{waiting(rankings, "the ranking")}</Nothing>}
      {rows.length > 0 && (
        <Scroll label="Strategies by composite score">
          <table>
            <caption class="unseen">Strategies by composite score</caption>
            <thead>
              <tr>
                <th scope="col">Strategy</th>
                <th scope="col" class="num">
                  Score
                </th>
                <th scope="col" class="num">
                  Sharpe
                </th>
                <th scope="col" class="num roomy">
                  Sortino
                </th>
                <th scope="col" class="num">
                  Drawdown
                </th>
                <th scope="col" class="num roomy">
                  Profit factor
                </th>
                <th scope="col" class="num wider">
                  Won
                </th>
                <th scope="col" class="num">
                  Trades
                </th>
                <th scope="col">Thresholds</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <tr key={one.strategy_name} data-ranking={one.strategy_name}>
                  <th scope="row">
                    {one.strategy_name}
                    <span class="dim by">
                      <Time iso={one.ranked_at} />
                    </span>
                  </th>
                  <td class="num">{fixed(100 * one.composite_score, 1)}</td>
                  <td class="num">{fixed(one.sharpe_ratio, 2)}</td>
                  <td class="num roomy">{fixed(one.sortino_ratio, 2)}</td>
                  <td class="num">{share(one.max_drawdown_pct)}</td>
                  <td class="num roomy">{fixed(one.profit_factor, 2)}</td>
                  <td class="num wider">{percent(100 * one.win_rate).replace("+", "")}</td>
                  <td class="num">{whole(one.total_trades)}</td>
                  <td>{one.meets_thresholds ? <span class="up">met</span> : <span class="dim">not met</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {left.length > 0 && rankings.value && (
        <p class="nothing">
          Not ranked, or not yet: {left.join(", ")}. One that trains itself is ranked once its backtest over all bars was run.
        </p>
      )}
    </>
  );
}
