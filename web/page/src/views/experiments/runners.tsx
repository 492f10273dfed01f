// Who works experiments off: this server, and runners elsewhere that have claimed one.
import { age } from "../../live/format";
import { useParts } from "../../live/paint";
import { isOver } from "../../live/run";
import { runs } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Panel, Time } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { hrefOf } from "../../shell/route";
import { paramsOf } from "./wire";

/** This server, whose name is empty, or one elsewhere with the run that it has claimed. */
interface Runner {
  worker: string;
  runs: readonly Run[];
}

const COLUMNS: Column<Runner>[] = [
  { head: "Runner", names: true, of: ({ worker }) => worker || "this server" },
  {
    head: "Experiment",
    of: ({ runs }) => (runs.length > 0 ? runs.map((run) => <Named key={run.id} run={run} />) : <span class="dim">nothing to train</span>),
  },
  { head: "Scenario", class: "wider", of: ({ worker, runs: [run] }) => (worker ? paramsOf(run!).scenario : "basic_fl") },
  { head: "Last heard", of: ({ worker, runs: [run] }) => (worker ? heard(run!) : <span class="dim">always</span>) },
  {
    head: "Must be heard by",
    class: "wider",
    of: ({ worker, runs: [run] }) => (worker && run!.lease_until ? <Time iso={run!.lease_until} /> : <span class="dim">–</span>),
  },
];

export function Runners() {
  useParts("runs", "clock");
  const live = [...runs.values()].filter((run) => run.kind === "experiment" && !isOver(run) && run.status !== "created");
  const here = live.filter((run) => paramsOf(run).scenario === "basic_fl");
  const claimed = live.filter((run) => run.worker);
  const waits = live.filter((run) => !run.worker && !here.includes(run));
  return (
    <Panel id="runners" title="Runners" note={`${here.length + claimed.length} at work or in turn`}>
      <Table
        name="Runners"
        columns={COLUMNS}
        rows={[{ worker: "", runs: here }, ...claimed.map((run) => ({ worker: run.worker, runs: [run] }))]}
        row={({ worker, runs: [run] }) => ({ key: worker && run!.id })}
      />
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
