// The list of tasks: live, filtered, sorted, page by page, and the search through everything they have put out.
import { useState } from "preact/hooks";
import { whole } from "../../live/format";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import type { Problem } from "../../live/rest";
import { isOver } from "../../live/run";
import { tookOf, newest, useMoves } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Pages, useList, Words } from "../../parts/list";
import { Failure, Panel, Refusal, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { useCommands } from "../../shell/commands";
import { go, hrefOf } from "../../shell/route";
import { Deeds } from "./doing";
import { Found } from "./found";
import { NewTask } from "./new";
import { costOf } from "./price";
import { askedOf, tokensOf } from "./wire";

const STATUSES = ["queued", "running", "waiting", "paused", "completed", "failed", "stopped", "cancelled"];
const PAGE = 25;

interface Page {
  items: Run[];
  total: number;
}

export function Tasks() {
  const { query, choose } = useList();
  const list = polled<Page>(pathOf(query), 60_000);
  const [problem, setProblem] = useState<Problem>();
  const [making, setMaking] = useState(false);
  usePolls(list);
  useParts("runs", "clock");
  useMoves("task", list);
  useCommands(() => [
    { title: "New task", group: "tasks", run: () => setMaking(true) },
    { title: "Chat with an agent", group: "tasks", run: () => go("tasks", "", { tab: "chat" }) },
  ]);
  const page = list.value;
  const words = query("find");
  return (
    <>
      <Panel
        id="tasks"
        title="Tasks"
        note={page && `${whole(page.total)} in all`}
        controls={
          <button type="button" class="quiet" aria-haspopup="dialog" onClick={() => setMaking(true)}>
            New task
          </button>
        }
      >
        <Filters query={query} choose={choose} />
        <Failure poll={list} what="Tasks" />
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
        <Table
          name="Tasks"
          class="runs"
          columns={[...ABOUT, { head: "Deeds", unseen: true, class: "end", of: (run) => <Deeds run={run} failed={setProblem} done={() => list.nudge()} /> }]}
          rows={page?.items.map(newest) ?? []}
          row={({ id }) => ({ key: id, "data-run": id })}
          empty={page ? <Empty filtered={Boolean(query("status") || query("agent") || query("text"))} /> : waiting(list, "the tasks")}
        />
        {page && <Pages total={page.total} size={PAGE} what="tasks" />}
      </Panel>
      {words.trim() && <Found words={words.trim()} />}
      {making && <NewTask shut={() => setMaking(false)} />}
    </>
  );
}

function pathOf(query: (name: string) => string): string {
  const asked = new URLSearchParams({ kind: "task", limit: String(PAGE), sort: query("sort") || "-created" });
  asked.set("offset", String((Number(query("page") || 1) - 1) * PAGE));
  for (const name of ["status", "agent", "text"]) if (query(name)) asked.set(name, query(name));
  return `/api/oracle/runs?${asked}`;
}

function Filters({ query, choose }: ReturnType<typeof useList>) {
  return (
    <div class="filters">
      <label>
        Status{" "}
        <select class="field" value={query("status")} onChange={(event) => choose("status", event.currentTarget.value)}>
          <option value="">any</option>
          {STATUSES.map((status) => <option key={status} value={status}>{status}</option>)}
        </select>
      </label>
      <Words label="Agent" value={query("agent")} mean={(agent) => choose("agent", agent)} />
      <Words label="Find in tasks, output and conversations" value={query("find")} mean={(words) => choose("find", words)} />
      <span class="exports">
        All that are over as <a href="/api/oracle/export?what=runs&kind=task&format=csv">CSV</a>{" "}
        <a href="/api/oracle/export?what=runs&kind=task&format=parquet">Parquet</a>
      </span>
    </div>
  );
}

function Empty({ filtered }: { filtered: boolean }) {
  if (filtered) return <>No task is like that.</>;
  return (
    <>
      Nobody has asked anything yet. A task comes of a message, of a webhook, or of <code>POST /api/tasks</code>.{" "}
      <a class="quiet strong" href={hrefOf("tasks", "", { tab: "chat" })}>
        Chat with the demo agent
      </a>
    </>
  );
}

const ABOUT: Column<Run>[] = [
  {
    head: "Task",
    names: true,
    of: (run) => (
      <>
        <a href={hrefOf("tasks", run.id)} title={askedOf(run).slice(0, 500)}>{askedOf(run).slice(0, 120) || run.name || run.id}</a>
        <span class="dim about">{run.id}{run.source && ` · ${run.source}`}</span>
      </>
    ),
  },
  { head: "Status", by: "status", of: (run) => <Standing run={run} /> },
  { head: "Agent", by: "agent", of: ({ agent }) => agent || <span class="dim">any</span> },
  {
    head: "Conversation",
    class: "wider",
    of: ({ conversation }) =>
      conversation ? <a href={hrefOf("tasks", "", { tab: "chat", conversation })}>{conversation}</a> : <span class="dim">none</span>,
  },
  {
    head: "Tokens",
    num: true,
    class: "wider",
    of: (run) => {
      const tokens = tokensOf(run);
      return tokens === undefined ? "–" : whole(tokens);
    },
  },
  { head: "Cost", by: "cost", num: true, of: costOf },
  { head: "Took", by: "duration", num: true, class: "wide", of: tookOf },
  { head: "Created", by: "created", class: "wide", of: ({ created }) => <Time iso={created} /> },
];

export function Standing({ run }: { run: Run }) {
  return (
    <span class={`runstate ${run.status}`} title={run.error ?? run.reason}>
      {run.status === "waiting" ? "waits for input" : run.status}
      {run.requested && !isOver(run) && <span class="dim"> → {run.requested}</span>}
    </span>
  );
}
