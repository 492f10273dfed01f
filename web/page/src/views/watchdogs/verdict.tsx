// A backtest: how far it is, what it found, on the price, and beside the same with today's settings.
import { useEffect, useState } from "preact/hooks";
import { size, times, whole, words } from "../../live/format";
import type { Problem } from "../../live/rest";
import { isOver, type Run, useRows, useRun } from "../../live/run";
import { SEVERITIES } from "../../live/wire";
import { attempt, Nothing, Refusal, Time } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { PriceLine } from "../../parts/priceline";
import { Ways } from "./detections";
import { valueOf } from "./dog";
import type { BacktestParams, BacktestResult, Dog, Found } from "./wire";

type Backtest = Run<BacktestParams, BacktestResult>;
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
      <table class="narrow" aria-label="Found, by severity">
        <thead>
          <tr>
            <th scope="col">Found</th>
            {SEVERITIES.map((severity) => <th key={severity} scope="col" class="num">{severity}</th>)}
            <th scope="col" class="num">All</th>
            <th scope="col" class="num wide">Messages</th>
            <th scope="col" class="num wide">Took</th>
          </tr>
        </thead>
        <tbody>
          <Counted name="This run" run={run} dog={dog} />
          {other && <Counted name="Today's settings" run={other} dog={dog} />}
        </tbody>
      </table>
      {rows && others && other && <p class="prose">{differing(rows, others)}</p>}
      {rows && rows.length > 0 && <FoundRows rows={rows} params={run.params} others={other && others} />}
    </>
  );
}

function Counted({ name, run, dog }: { name: string; run: Backtest; dog: Dog }) {
  const { result } = run;
  return (
    <tr>
      <th scope="row">{name}</th>
      {SEVERITIES.map((severity) => <td key={severity} class="num">{result ? whole(result.by_severity[severity] ?? 0) : "–"}</td>)}
      <td class="num">{result ? whole(result.events) : words(run.status)}</td>
      <td class="num wide dim">{result ? whole(result.messages[dog.name] ?? 0) : "–"}</td>
      <td class="num wide dim">{result ? `${size(result.seconds)} s` : "–"}</td>
    </tr>
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
      <Scroll label="Found" tall>
        <table aria-label="Findings">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Severity</th>
              <th scope="col">What</th>
              <th scope="col"><abbr title="Whether the watchdog said the same then">Live</abbr></th>
              {others && <th scope="col"><abbr title="Whether it is found with today's settings too">Today</abbr></th>}
              <th scope="col"><span class="unseen">What can be made of it</span></th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, SHOWN).map((row) => (
              <tr key={row.id} data-found={row.id}>
                <td class="dim"><Time iso={row.ts} /></td>
                <td><span class={`severity ${row.severity}`}>{row.severity}</span></td>
                <td class="wrap">{row.summary || words(row.kind)}</td>
                <td class={row.live ? undefined : "dim"}>{row.live ? "yes" : "no"}</td>
                {others && <td class={theirs.has(row.id) ? undefined : "dim"}>{theirs.has(row.id) ? "yes" : "no"}</td>}
                <td class="end"><Ways happening={{ ...row, source: "" }} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length > SHOWN && <p class="nothing">The first {SHOWN} of {whole(rows.length)}.</p>}
    </>
  );
}
