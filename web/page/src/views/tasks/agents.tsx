// Who works tasks off: agents with what they are at and when they were last heard, and the programs of this machine.
import { age, whole } from "../../live/format";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { isOver } from "../../live/run";
import { runs } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { hrefOf } from "../../shell/route";
import { agents } from "./new";
import type { Agent, Program } from "./wire";

export function Agents() {
  const known = agents();
  usePolls(known);
  useParts("runs", "clock");
  const tasks = [...runs.values()].filter(({ kind }) => kind === "task");
  const names = new Set([...(known.value ?? []).map(({ name }) => name), ...tasks.map(({ agent }) => agent).filter(Boolean)]);
  return (
    <>
      <Panel id="agents" title="Agents" note={known.value && whole(names.size)}>
        <Failure poll={known} what="Agents" />
        {known.value ? <Known all={[...names].map((name) => agentOf(name, tasks, known.value!))} /> : <Nothing>{waiting(known, "the agents")}</Nothing>}
      </Panel>
      <Programs />
    </>
  );
}

/** One that is registered, or is only known by its tasks. */
interface AtWork {
  name: string;
  about: Agent | undefined;
  /** Its tasks, and those of them that it is at. */
  mine: readonly Run[];
  at: readonly Run[];
}

function agentOf(name: string, tasks: readonly Run[], known: readonly Agent[]): AtWork {
  const mine = tasks.filter(({ agent }) => agent === name);
  const at = mine.filter((run) => !isOver(run) && run.status !== "queued" && run.status !== "created");
  return { name, about: known.find((one) => one.name === name), mine, at };
}

const AGENTS: Column<AtWork>[] = [
  { head: "Agent", names: true, of: ({ name }) => <a href={hrefOf("tasks", "", { agent: name })}>{name}</a> },
  { head: "Status", of: (one) => <Busy {...one} /> },
  { head: "Last heard", of: ({ mine }) => heard(mine) },
  {
    head: "Workers",
    class: "wide",
    of: ({ at }) => [...new Set(at.map(({ worker }) => worker).filter(Boolean))].join(", ") || <span class="dim">–</span>,
  },
  { head: "Kind", class: "wider", tone: "dim", of: ({ about }) => about?.agent_type ?? "not registered" },
  { head: "What it does", class: "wider", tone: "wraps", of: ({ about }) => about?.description },
];

function Known({ all }: { all: readonly AtWork[] }) {
  return <Table name="Agents" columns={AGENTS} rows={all} row={({ name }) => ({ key: name, "data-agent": name })} />;
}

function Busy({ mine, at }: AtWork) {
  const waits = mine.filter(({ status }) => status === "queued").length;
  return (
    <>
      <span class={`runstate ${at.length > 0 ? "running" : ""}`}>{at.length > 0 ? `at ${at.length === 1 ? "a task" : `${at.length} tasks`}` : "idle"}</span>
      {waits > 0 && <span class="dim">, {waits} waiting</span>}
    </>
  );
}

/** When anything of its tasks was last heard: a heartbeat, a start, an end. Of tasks that ended long ago nothing is known here. */
function heard(mine: readonly Run[]): string {
  const times = mine.flatMap(({ lease_until, lease_s, started, finished }) => [
    lease_until && lease_s ? Date.parse(lease_until) - lease_s * 1_000 : 0,
    started ? Date.parse(started) : 0,
    finished ? Date.parse(finished) : 0,
  ]);
  const last = Math.max(0, ...times);
  if (last === 0) return "not lately";
  const seconds = (Date.now() - last) / 1_000;
  return seconds < 1 ? "now" : `${age(seconds)} ago`;
}

const PROGRAMS: Column<Program>[] = [
  { head: "For agent", names: true, of: ({ agent, demo }) => <>{agent}{demo && <span class="dim"> the demonstration, no model</span>}</> },
  { head: "Program", of: ({ program }) => program },
  { head: "Arguments", num: true, class: "wide", title: "Not shown: secrets may stand there", of: (one) => one.arguments },
  { head: "At most", num: true, of: ({ timeout_s }) => `${whole(timeout_s)} s` },
  { head: "Memory", num: true, of: ({ memory_mb }) => `${whole(memory_mb)} MB` },
];

function Programs() {
  const read = polled<Program[]>("/api/oracle/programs", 300_000);
  usePolls(read);
  const all = read.value;
  return (
    <Panel id="programs" title="Programs of this machine" note="as the settings say">
      <Failure poll={read} what="Programs" />
      <Table
        name="Programs"
        columns={PROGRAMS}
        rows={all ?? []}
        row={({ agent }) => ({ key: agent })}
        empty={
          all ? (
            <>
              None works tasks off here; one is set by <code>[tasks.commands.NAME]</code> in the settings, or a worker elsewhere claims tasks.
            </>
          ) : (
            waiting(read, "the programs")
          )
        }
      />
    </Panel>
  );
}
