// The rules that tell somebody, how each alert stands, what is silenced, and what became of the last deliveries.
import { useState } from "preact/hooks";
import { Alert } from "./alert";
import { Deliveries } from "./deliveries";
import { whole, words } from "../../live/format";
import { allow, permission } from "../../live/notify";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { Failure, Nothing, Panel, Refusal, waiting } from "../../parts/parts";
import { NewAlert } from "./preset";
import type { Problem } from "../../live/rest";
import { hrefOf } from "../../shell/route";
import { inForce, isOfOne, Silences } from "./silences";
import { lives, rules, silences } from "../../live/lists";
import type { AlertRule } from "../../live/wire";

export function Alerts() {
  usePolls(rules, lives, silences);
  useParts("clock"); // a silence ends by the clock
  const [problem, setProblem] = useState<Problem>();
  const rows = rules.value ?? [];
  const byId = new Map(lives.value?.map((life) => [life.alert_id, life]));
  const silenced = new Map(inForce().filter(isOfOne).map((silence) => [silence.matchers.alert_id, silence]));
  return (
    <Panel id="alerts" title="Alerts" note={rows.length > 0 && summary(rows.length)} controls={<><a class="quiet" href={hrefOf("alerts", "", { new: "" })}>Build a rule</a><NewAlert taken={rows} /></>}>
      <Failure poll={rules} what="Alert rules" />
      <Failure poll={lives} what="How the alerts stand" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {rows.length === 0 ? (
        <Nothing>
          {rules.value ? "No alert yet. Build a rule, make one of a preset, or build one on a detection under Watchdogs." : waiting(rules, "the alerts")}
        </Nothing>
      ) : (
        <ul class="alerts">
          {rows.map((rule) => (
            <Alert
              key={rule.alert_id}
              rule={rule}
              life={byId.get(rule.alert_id)}
              silence={silenced.get(rule.alert_id)}
              failed={setProblem}
            />
          ))}
        </ul>
      )}
      <Allow rules={rows} />
      <Silences />
      <Deliveries />
    </Panel>
  );
}

/** How many there are, and how many of them are in each phase that wants somebody to look. */
function summary(count: number): string {
  const phases = new Map<string, number>();
  for (const { phase } of lives.value ?? []) phases.set(phase, (phases.get(phase) ?? 0) + 1);
  phases.delete("inactive");
  return [whole(count), ...[...phases].map(([phase, some]) => `${whole(some)} ${words(phase)}`)].join(" · ");
}

/** Where alerts want to be shown by this browser, and it was not asked yet whether it may. */
function Allow({ rules }: { rules: AlertRule[] }) {
  if (!rules.some((rule) => rule.delivery_methods.includes("browser"))) return null;
  switch (permission()) {
    case "granted":
      return null;
    case "default":
      return (
        <p class="ask">
          Some alerts want to be shown on this desktop.{" "}
          <button type="button" class="quiet" onClick={() => void allow()}>
            Allow notifications
          </button>
        </p>
      );
    default:
      return <p class="ask dim">Some alerts want to be shown on this desktop; this browser does not allow it.</p>;
  }
}
