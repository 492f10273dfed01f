// A backtest: how far it is, what it found, on the price, and beside the same with today's settings.
import { useEffect, useState } from "preact/hooks";
import { size, times, whole, words } from "../../live/format";
import type { Problem } from "../../live/rest";
import { isOver, useRows, useRun } from "../../live/run";
import { type Run, SEVERITIES } from "../../live/wire";
import { attempt, Nothing, Refusal, Time } from "../../parts/parts";
import { PriceLine } from "../../parts/priceline";
import { type Column, Table } from "../../parts/table";
import { Ways } from "./detections";
import { valueOf } from "./dog";
import type { BacktestParams, BacktestResult, Dog, Found } from "./wire";

type Backtest = Run<BacktestParams, BacktestResult>;
/** A run, and what it is called beside another. */
type Counted = readonly [name: string, run: Backtest];
const SHOWN = 300;

interface VerdictProps {
  dog: Dog;
  id: string;
  against: string;
  /** Told what the run was run with, once that is known. */
  fill: (params: BacktestParams) => void;
}

export function Verdict({ dog, id, against, fill }: VerdictProps) {
  const { run, problem, ask } = useRun<BacktestParams, BacktestResult>(id);
  const other = useRun<BacktestParams, BacktestResult>(against);
  const params = run && JSON.stringify(run.params);
  useEffect(() => {
    if (run) fill(run.params);
  }, [params]);
  if (!id) return <Nothing>Nothing was run yet. Change a setting or two, choose a range, and run it: the server goes through what it stored then.</Nothing>;
  if (problem && !run) return <p class="failure" role="status">The run {id} could not be read. {problem.message}</p>;
  if (!run) return <Nothing>Reading the run.</Nothing>;
  return (
    <div class="verdict" aria-live="polite">
      <Going run={run} name="Backtest" ask={ask} />
      {other.run && !isOver(other.run) && <Going run={other.run} name="With today's settings" ask={other.ask} />}
      {run.result && <Outcome dog={dog} run={run} result={run.result} other={other.run} />}
    </div>
  );
}

const ENDS: Record<string, string> = { failed: "It failed", cancelled: "It was called off", stopped: "It was stopped" };

function Going({ run, name, ask }: { run: Backtest; name: string; ask: (verb: string) => Promise<void> }) {
  const [problem, setProblem] = useState<Problem>();
  const deed = (verb: string, word: string) => (
    <button type="button" class="quiet" aria-label={`${word}: ${name}`} onClick={() => void attempt(() => ask(verb)).then(setProblem)}>{word}</button>
  );
  if (run.status === "completed") return null;
  if (isOver(run)) return <p class="prose">{ENDS[run.status] ?? words(run.status)}{run.error && `: ${run.error}`}.</p>;
  return (
    <>
      <div class="line prose">
        <span>{name}: {words(run.status)}</span>
        <progress value={run.progress} aria-label={`Progress of ${name}`} />
        <span class="num">{whole(run.progress * 100)} %</span>
        {run.expected && <span class="dim">over <Time iso={run.expected} /></span>}
        {run.status === "running" && deed("pause", "Pause")}
        {run.status === "paused" && deed("resume", "Resume")}
        {deed("cancel", "Cancel")}
      </div>
      {run.status === "queued" && <p class="prose dim">It waits for the run before it; one that is paused keeps its place until it is resumed or cancelled.</p>}
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
    </>
  );
}

function Outcome({ dog, run, result, other }: { dog: Dog; run: Backtest; result: BacktestResult; other: Backtest | undefined }) {
  const rows = useRows<Found>(run);
  const others = useRows<Found>(other);
  const changes = run.params.settings[dog.name] ?? {};
  const crashed = result.crashed[dog.name];
  return (
    <>
      <p class="summary prose">
        It would have spoken {times(result.events)}{result.events === 0 && " (not at all)"} from <Time iso={run.params.from} /> to <Time iso={run.params.to} />
        {Object.keys(changes).length > 0 && <> with {Object.entries(changes).map(([name, value]) => `${name} ${valueOf({ value, unit: "" })}`).join("; ")}</>}.{" "}
        {compared(result)}
      </p>
      {crashed && <p class="failure">It crashed on the way: {crashed}</p>}
      {result.cut_off && <p class="prose warn">There is more than is shown: only the first rows are kept.</p>}
      <Table
        name="Found, by severity"
        class="narrow"
        columns={[
          { head: "Found", names: true, of: ([name]) => name },
          ...SEVERITIES.map((severity): Column<Counted> => ({
            head: severity,
            num: true,
            of: ([, { result: one }]) => (one ? whole(one.by_severity[severity] ?? 0) : "–"),
          })),
          { head: "All", num: true, of: ([, { result: one, status }]) => (one ? whole(one.events) : words(status)) },
          { head: "Messages", num: true, class: "wide", tone: "dim", of: ([, { result: one }]) => (one ? whole(one.messages[dog.name] ?? 0) : "–") },
          { head: "Took", num: true, class: "wide", tone: "dim", of: ([, { result: one }]) => (one ? `${size(one.seconds)} s` : "–") },
        ]}
        rows={[["This run", run] as const, ...(other ? [["Today's settings", other] as const] : [])]}
        row={([name]) => ({ key: name })}
      />
      {rows && others && other && <p class="prose">{differing(rows, others)}</p>}
      {rows && rows.length > 0 && <FoundRows rows={rows} params={run.params} others={other && others} />}
    </>
  );
}

function compared({ events, live, both }: BacktestResult): string {
  if (events === live && both === live) return live === 0 ? "Live it said nothing then, either." : "The same as live.";
  return `Live it spoke ${live === 0 ? "never" : times(live)}; ${both === 0 ? "none" : whole(both)} of those ${both === 1 ? "is" : "are"} the same.`;
}

function differing(rows: readonly Found[], others: readonly Found[]): string {
  const theirs = new Set(others.map(({ id }) => id));
  const shared = rows.filter(({ id }) => theirs.has(id)).length;
  return `Beside today's settings: ${whole(shared)} told of at the same instant, ${whole(rows.length - shared)} only with these, ${whole(others.length - shared)} only with today's.`;
}

/** Cells that say whether something is so. */
function yes<Row>(is: (row: Row) => boolean | undefined) {
  return { tone: (row: Row) => (is(row) ? "" : "dim"), of: (row: Row) => (is(row) ? "yes" : "no") };
}

const FOUND: Column<Found>[] = [
  { head: "Time", tone: "dim", of: ({ ts }) => <Time iso={ts} /> },
  { head: "Severity", of: ({ severity }) => <span class={`severity ${severity}`}>{severity}</span> },
  { head: "What", tone: "wrap", of: ({ summary, kind }) => summary || words(kind) },
  { head: <abbr title="Whether the watchdog said the same then">Live</abbr>, ...yes(({ live }) => live) },
];
const TODAY = { head: <abbr title="Whether it is found with today's settings too">Today</abbr> };
const WAYS: Column<Found> = { head: "What can be made of it", unseen: true, class: "end", of: (row) => <Ways happening={{ ...row, source: "" }} /> };

function FoundRows({ rows, params, others }: { rows: Found[]; params: BacktestParams; others: Found[] | undefined }) {
  const subjects = [...new Set(rows.map(({ subject }) => subject))].filter((one) => one && !one.includes(":")).sort();
  const [wanted, choose] = useState("");
  const subject = subjects.includes(wanted) ? wanted : (subjects[0] ?? "");
  const theirs = new Set(others?.map(({ id }) => id));
  const marks = rows.filter((row) => row.subject === subject).map((row) => ({ id: row.id, at: Date.parse(row.ts), tone: row.severity, label: `${row.severity}: ${row.summary}` }));
  return (
    <>
      {subject && (
        <>
          <p class="prose line">
            <label>
              Found on the price of{" "}
              <select class="field" value={subject} onChange={(event) => choose(event.currentTarget.value)}>
                {subjects.map((one) => <option key={one} value={one}>{one}</option>)}
              </select>
            </label>
          </p>
          <PriceLine symbol={subject} from={Date.parse(params.from)} to={Date.parse(params.to)} marks={marks} />
        </>
      )}
      <Table
        name="Findings"
        label="Found"
        tall
        columns={[...FOUND, ...(others ? [{ ...TODAY, ...yes((row: Found) => theirs.has(row.id)) }] : []), WAYS]}
        rows={rows.slice(0, SHOWN)}
        row={({ id }) => ({ key: id, "data-found": id })}
      />
      {rows.length > SHOWN && <p class="nothing">The first {SHOWN} of {whole(rows.length)}.</p>}
    </>
  );
}
