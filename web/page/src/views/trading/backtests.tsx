// Backtests of strategies: begun here, followed while they run, looked at, and compared.
import { useTopics } from "../../live/link";
import { touch, useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { useQuery } from "../../shell/route";
import { BacktestForm } from "./backtestform";
import { BacktestRuns } from "./backtestruns";
import { backtests } from "./lists";
import { Results } from "./results";
import type { Run } from "./plans";

export const MOST_COMPARED = 4;

const NEWS = ["queued", "running", "completed", "failed", "stopped", "cancelled", "paused"].map((word) => `event:run_${word}:*`);
const OVER = new Set(["completed", "failed", "stopped", "cancelled"]);

export function Backtests() {
  usePolls(backtests);
  useParts("trading:progress");
  useTopics(NEWS, () => backtests.nudge());
  const [words, choose] = useQuery("runs");
  const all = backtests.value ?? [];
  const going = all.filter(({ status }) => !OVER.has(status));
  useTopics(
    going.map(({ id }) => `state:run:${id}`),
    ({ data }) => {
      const { id, value } = data as { id: string; value: Run | null };
      const known = all.find((run) => run.id === id);
      if (!known || !value) return;
      if (known.status !== value.status) backtests.nudge();
      Object.assign(known, { status: value.status, progress: value.progress, result: value.result, error: value.error });
      touch("trading:progress");
    },
  );
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
