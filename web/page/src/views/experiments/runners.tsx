// Who works experiments off: this server, and runners elsewhere that have claimed one.
import { age } from "../../live/format";
import { useParts } from "../../live/paint";
import { isOver } from "../../live/run";
import { runs } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Panel, Time } from "../../parts/parts";
import { hrefOf } from "../../shell/route";
import { paramsOf } from "./wire";

export function Runners() {
  useParts("runs", "clock");
  const live = [...runs.values()].filter((run) => run.kind === "experiment" && !isOver(run) && run.status !== "created");
  const here = live.filter((run) => paramsOf(run).scenario === "basic_fl");
  const claimed = live.filter((run) => run.worker);
  const waits = live.filter((run) => !run.worker && !here.includes(run));
  return (
    <Panel id="runners" title="Runners" note={`${here.length + claimed.length} at work or in turn`}>
      <table>
        <caption class="unseen">Runners</caption>
        <thead>
          <tr>
            <th scope="col">Runner</th>
            <th scope="col">Experiment</th>
            <th scope="col" class="wider">Scenario</th>
            <th scope="col">Last heard</th>
            <th scope="col" class="wider">Must be heard by</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">this server</th>
            <td>{here.length > 0 ? here.map((run) => <Named key={run.id} run={run} />) : <span class="dim">nothing to train</span>}</td>
            <td class="wider">basic_fl</td>
            <td class="dim">always</td>
            <td class="wider dim">–</td>
          </tr>
          {claimed.map((run) => (
            <tr key={run.id}>
              <th scope="row">{run.worker}</th>
              <td><Named run={run} /></td>
              <td class="wider">{paramsOf(run).scenario}</td>
              <td>{heard(run)}</td>
              <td class="wider">{run.lease_until ? <Time iso={run.lease_until} /> : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {waits.length > 0 && (
        <p class="nothing">
          {waits.map((run) => <Named key={run.id} run={run} />)} {waits.length === 1 ? "waits" : "wait"} for a runner: one takes it
          with <code>POST /api/v1/experiments/claim</code>.
        </p>
      )}
    </Panel>
  );
}

function Named({ run }: { run: Run }) {
  return <a class="named" href={hrefOf("experiments", run.id)}>{run.name || run.id}</a>;
}

/** A runner says for how long it need not be heard, and until when that is: so it was last heard that much earlier. */
function heard({ lease_until, lease_s }: Run): string {
  if (!lease_until || !lease_s) return "–";
  return `${age(Math.max(0, (Date.now() - Date.parse(lease_until)) / 1_000 + lease_s))} ago`.replace("now ago", "now");
}
