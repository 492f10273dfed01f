// The list of experiments: live, filtered, sorted, page by page; several can be chosen to be compared.
import { useState } from "preact/hooks";
import { fixed } from "../../live/format";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { type Problem } from "../../live/rest";
import { tookOf, newest, useMoves } from "../../live/runs";
import type { Run } from "../../live/wire";
import { attempt, Failure, Nothing, Panel, Refusal, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { Heading, Pages, useList } from "../../parts/table";
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
        {!page ? (
          <Nothing>{waiting(list, "the experiments")}</Nothing>
        ) : page.items.length === 0 ? (
          <Empty filtered={filtered} small={() => void small()} />
        ) : (
          <Table page={page.items} chosen={chosen} flip={flip} failed={setProblem} done={() => list.nudge()} />
        )}
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
  if (filtered) return <Nothing>No experiment is like that.</Nothing>;
  return (
    <Nothing>
      Nothing has been tried yet. A small experiment trains a net on handwritten digits in five rounds with five clients; that
      takes seconds.{" "}
      <button type="button" class="quiet strong" onClick={small}>
        Run a small experiment
      </button>
    </Nothing>
  );
}

interface TableProps {
  page: readonly Run[];
  chosen: readonly string[];
  flip: (id: string) => void;
  failed: (problem: Problem | undefined) => void;
  done: () => void;
}

function Table({ page, ...props }: TableProps) {
  return (
    <Scroll label="Experiments">
      <table class="runs">
        <caption class="unseen">Experiments</caption>
        <thead>
          <tr>
            <th class="pick"><span class="unseen">Compare</span></th>
            <Heading by="name">Experiment</Heading>
            <Heading by="status">Status</Heading>
            <Heading by="rounds" num>Round</Heading>
            <Heading by="accuracy" num>Accuracy</Heading>
            <Heading by="loss" num>Loss</Heading>
            <th class="wider">Progress</th>
            <Heading by="started" class="wider">Started</Heading>
            <Heading by="duration" num class="wide">Took</Heading>
            <th class="end"><span class="unseen">Deeds</span></th>
          </tr>
        </thead>
        <tbody>
          {page.map((run) => (
            <Row key={run.id} run={newest(run)} {...props} />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ run, chosen, flip, failed, done }: { run: Run } & Omit<TableProps, "page">) {
  const { rounds, total, accuracy, loss } = figuresOf(run);
  return (
    <tr data-run={run.id}>
      <td class="pick">
        <input type="checkbox" aria-label={`Compare ${run.name || run.id}`} checked={chosen.includes(run.id)} onChange={() => flip(run.id)} />
      </td>
      <th scope="row">
        <a href={hrefOf("experiments", run.id)}>{run.name || run.id}</a>
        <span class="dim about">
          {run.id} · {paramsOf(run).scenario}
        </span>
      </th>
      <td><Standing run={run} /></td>
      <td class="num">{rounds}/{total}</td>
      <td class="num">{accuracy === null ? "–" : `${fixed(accuracy * 100, 1)}%`}</td>
      <td class="num">{loss === null ? "–" : fixed(loss, 3)}</td>
      <td class="wider">
        <progress value={run.progress} max={1} aria-label={`Progress of ${run.name || run.id}`} />
      </td>
      <td class="wider">{run.started ? <Time iso={run.started} /> : <span class="dim">not yet</span>}</td>
      <td class="num wide">{tookOf(run)}</td>
      <td class="end"><Deeds run={run} failed={failed} done={done} /></td>
    </tr>
  );
}

export function Standing({ run }: { run: Run }) {
  return (
    <span class={`runstate ${run.status}`} title={run.error ?? run.reason}>
      {statusOf(run)}
      {run.requested && <span class="dim"> → {statusOf({ status: run.requested })}</span>}
    </span>
  );
}

