// The list of experiments: live, filtered, sorted, page by page; several can be chosen to be compared.
import { useState } from "preact/hooks";
import { fixed, orDash } from "../../live/format";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { type Problem } from "../../live/rest";
import { tookOf, newest, useMoves } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Pages, useList } from "../../parts/list";
import { attempt, Failure, Panel, Refusal, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { useCommands } from "../../shell/commands";
import { go, hrefOf } from "../../shell/route";
import { Deeds, runSmall } from "./doing";
import { NewExperiment } from "./form";
import { Runners } from "./runners";
import { figuresOf, paramsOf, statusOf } from "./wire";

const STATUSES = ["created", "queued", "running", "paused", "completed", "stopped", "cancelled", "failed"];
const PAGE = 20;

interface Page {
  items: Run[];
  total: number;
}

export function Experiments() {
  const { query, choose } = useList();
  const list = polled<Page>(pathOf(query), 60_000);
  const [problem, setProblem] = useState<Problem>();
  const [making, setMaking] = useState(false);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  usePolls(list);
  useParts("runs", "clock");
  useMoves("experiment", list);
  const small = async () => setProblem(await attempt(async () => go("experiments", await runSmall())));
  useCommands(() => [
    { title: "New experiment", group: "experiments", run: () => setMaking(true) },
    { title: "Run a small experiment", group: "experiments", run: () => void small() },
  ]);
  const page = list.value;
  const filtered = Boolean(query("status") || query("text"));
  const flip = (id: string) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <>
      <Panel
        id="experiments"
        title="Experiments"
        note={page && `${page.total} in all`}
        controls={
          <>
            {chosen.length > 1 && (
              <a class="quiet" href={hrefOf("experiments", "", { compare: chosen.join(",") })}>
                Compare {chosen.length}
              </a>
            )}
            <button type="button" class="quiet" aria-haspopup="dialog" onClick={() => setMaking(true)}>
              New experiment
            </button>
          </>
        }
      >
        <div class="filters">
          <label>
            Status{" "}
            <select class="field" value={query("status")} onChange={(event) => choose("status", event.currentTarget.value)}>
              <option value="">any</option>
              {STATUSES.map((status) => (
                <option key={status} value={status}>{statusOf({ status })}</option>
              ))}
            </select>
          </label>
          <input
            class="field"
            type="search"
            aria-label="Name or id begins with"
            placeholder="Name or id begins with"
            value={query("text")}
            onInput={(event) => choose("text", event.currentTarget.value)}
          />
          <span class="exports">
            All that are over as <a href="/api/oracle/export?what=runs&kind=experiment&format=csv">CSV</a>{" "}
            <a href="/api/oracle/export?what=runs&kind=experiment&format=parquet">Parquet</a>
          </span>
        </div>
        <Failure poll={list} what="Experiments" />
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
        <Table
          name="Experiments"
          class="runs"
          columns={[
            { head: "Compare", unseen: true, class: "pick", of: (run) => <Pick run={run} chosen={chosen} flip={flip} /> },
            ...ABOUT,
            { head: "Deeds", unseen: true, class: "end", of: (run) => <Deeds run={run} failed={setProblem} done={() => list.nudge()} /> },
          ]}
          rows={page?.items.map(newest) ?? []}
          row={({ id }) => ({ key: id, "data-run": id })}
          empty={page ? <Empty filtered={filtered} small={() => void small()} /> : waiting(list, "the experiments")}
        />
        {page && <Pages total={page.total} size={PAGE} what="experiments" />}
      </Panel>
      <Runners />
      {making && <NewExperiment shut={() => setMaking(false)} />}
    </>
  );
}

function pathOf(query: (name: string) => string): string {
  const asked = new URLSearchParams({ kind: "experiment", limit: String(PAGE), sort: query("sort") || "-created" });
  asked.set("offset", String((Number(query("page") || 1) - 1) * PAGE));
  for (const name of ["status", "text"]) if (query(name)) asked.set(name, query(name));
  return `/api/oracle/runs?${asked}`;
}

function Empty({ filtered, small }: { filtered: boolean; small: () => void }) {
  if (filtered) return <>No experiment is like that.</>;
  return (
    <>
      Nothing has been tried yet. A small experiment trains a net on handwritten digits in five rounds with five clients; that
      takes seconds.{" "}
      <button type="button" class="quiet strong" onClick={small}>
        Run a small experiment
      </button>
    </>
  );
}

const ABOUT: Column<Run>[] = [
  {
    head: "Experiment",
    by: "name",
    names: true,
    of: (run) => (
      <>
        <a href={hrefOf("experiments", run.id)}>{run.name || run.id}</a>
        <span class="dim about">
          {run.id} · {paramsOf(run).scenario}
        </span>
      </>
    ),
  },
  { head: "Status", by: "status", of: (run) => <Standing run={run} /> },
  { head: "Round", by: "rounds", num: true, of: (run) => `${figuresOf(run).rounds}/${figuresOf(run).total}` },
  { head: "Accuracy", by: "accuracy", num: true, of: (run) => orDash(figuresOf(run).accuracy, (value) => `${fixed(value * 100, 1)}%`) },
  { head: "Loss", by: "loss", num: true, of: (run) => orDash(figuresOf(run).loss, (value) => fixed(value, 3)) },
  {
    head: "Progress",
    class: "wider",
    of: (run) => <progress value={run.progress} max={1} aria-label={`Progress of ${run.name || run.id}`} />,
  },
  { head: "Started", by: "started", class: "wider", of: ({ started }) => (started ? <Time iso={started} /> : <span class="dim">not yet</span>) },
  { head: "Took", by: "duration", num: true, class: "wide", of: tookOf },
];

function Pick({ run: { id, name }, chosen, flip }: { run: Run; chosen: readonly string[]; flip: (id: string) => void }) {
  return <input type="checkbox" aria-label={`Compare ${name || id}`} checked={chosen.includes(id)} onChange={() => flip(id)} />;
}

export function Standing({ run }: { run: Run }) {
  return (
    <span class={`runstate ${run.status}`} title={run.error ?? run.reason}>
      {statusOf(run)}
      {run.requested && <span class="dim"> → {statusOf({ status: run.requested })}</span>}
    </span>
  );
}

