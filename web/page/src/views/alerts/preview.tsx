// A rule tried on the past as it stands: how often it would have fired, and whether it did.
import { useEffect, useState } from "preact/hooks";
import { post, type Problem } from "../../live/rest";
import { useRun } from "../../live/run";
import type { Run } from "../../live/wire";
import type { AlertRule } from "../../live/wire";
import { attempt, Refusal } from "../../parts/parts";
import { Tried } from "./tried";
import type { PreviewParams, PreviewResult } from "./wire";

const DAY_MS = 86_400_000;

export function Preview({ rule }: { rule: AlertRule }) {
  const [days, setDays] = useState<number>();
  const [id, setId] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const { run, ask } = useRun<PreviewParams, PreviewResult>(id);
  useEffect(() => {
    if (days === undefined) return undefined;
    let current = true;
    setId("");
    void attempt(async () => {
      const from = new Date(Date.now() - days * DAY_MS).toISOString();
      const begun = (await post("/api/alerts/preview", { alert_id: rule.alert_id, from })) as Run;
      if (current) setId(begun.id);
    }).then((refused) => current && setProblem(refused));
    return () => {
      current = false;
    };
  }, [days]);
  return (
    <div class="preview">
      <div class="line">
        <span class="dim">On the last</span>
        {[1, 7].map((count) => (
          <button key={count} type="button" class="quiet" aria-pressed={count === days} onClick={() => setDays(count)}>
            {count === 1 ? "Day" : "Week"}
          </button>
        ))}
      </div>
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      <div aria-live="polite">{run && <Tried run={run} stored cancel={() => void attempt(() => ask("cancel")).then(setProblem)} />}</div>
    </div>
  );
}
