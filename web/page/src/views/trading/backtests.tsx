// Backtests of strategies: begun here, followed while they run, looked at, and compared.
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { runs, useMoves } from "../../live/runs";
import { useQuery } from "../../shell/route";
import { BacktestForm } from "./backtestform";
import { BacktestRuns } from "./backtestruns";
import { backtests } from "./lists";
import { Results } from "./results";
import type { Backtest, Figures } from "./plans";

export const MOST_COMPARED = 4;

export function Backtests() {
  usePolls(backtests);
  useParts("runs");
  useMoves("strategy_backtest", backtests);
  const [words, choose] = useQuery("runs");
  const all = (backtests.value ?? []).map(newest);
  const chosen = words.split(",").filter(Boolean);
  const flip = (id: string) =>
    choose((chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(-MOST_COMPARED)).join(","));
  const shown = chosen.flatMap(
    (id) => all.find((run) => run.id === id && run.status === "completed" && run.result !== null) ?? [],
  );
  return (
    <>
      <div class="columns wide-left">
        <BacktestRuns runs={all} chosen={chosen} flip={flip} />
        <BacktestForm
          begun={(id) => {
            backtests.nudge();
            choose([id, ...chosen].slice(0, MOST_COMPARED).join(","));
          }}
        />
      </div>
      <Results runs={shown} waits={chosen.length - shown.length} />
    </>
  );
}

/** As it was last told; what it was asked for does not change. */
function newest(read: Backtest): Backtest {
  const told = runs.get(read.id);
  if (!told) return read;
  return { ...read, status: told.status, progress: told.progress, error: told.error, result: told.result as Figures | null };
}
