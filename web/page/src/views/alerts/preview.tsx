// A rule tried on the past: how often it would have fired, day by day, and whether it did.
import { useEffect, useRef, useState } from "preact/hooks";
import { Bars } from "./bars";
import { size, times, whole } from "../../live/format";
import { held } from "./life";
import { attempt, Refusal } from "../../parts/parts";
import { get, post, Problem } from "../../live/rest";
import type { AlertRule } from "../../live/wire";

interface Run {
  status: string;
  progress: number;
  error: string | null;
  url: string;
  params: { from: string; to: string };
  result: Result | null;
}

interface Result {
  firings: number;
  suppressed: number;
  suppressed_by: Record<string, number>;
  per_day: number;
  /** Firings by the day in UTC; days without any are left out. */
  by_day: Record<string, number>;
  /** How often it fired then, and how many of those it would have fired too. */
  live: number;
  both: number;
}

const DAY_MS = 86_400_000;
const PAUSE_MS = 400;

export function Preview({ rule }: { rule: AlertRule }) {
  const [days, setDays] = useState<number>();
  const [run, setRun] = useState<Run>();
  const [problem, setProblem] = useState<Problem>();
  // Only the newest question is followed, and none once this is gone.
  const turn = useRef(0);
  useEffect(() => () => void (turn.current += 1), []);
  const begin = async (over: number) => {
    const mine = (turn.current += 1);
    setDays(over);
    setRun(undefined);
    const refused = await attempt(async () => {
      const from = new Date(Date.now() - over * DAY_MS).toISOString();
      let seen = (await post("/api/alerts/preview", { alert_id: rule.alert_id, from })) as Run;
      while (mine === turn.current) {
        setRun(seen);
        if (seen.status !== "queued" && seen.status !== "running") return;
        await new Promise((over) => setTimeout(over, PAUSE_MS));
        seen = (await get(seen.url)) as Run;
      }
    });
    if (mine === turn.current) setProblem(refused);
  };
  const going = days !== undefined && !problem && (!run || run.status === "queued" || run.status === "running");
  return (
    <div class="preview">
      <div class="line">
        <span class="dim">On the last</span>
        {[1, 7].map((count) => (
          <button key={count} type="button" class="quiet" aria-pressed={count === days} onClick={() => void begin(count)}>
            {count === 1 ? "Day" : "Week"}
          </button>
        ))}
        {going && (
          <>
            <progress value={run?.progress ?? 0} aria-label="Progress" />
            <span class="dim">{whole((run?.progress ?? 0) * 100)} %</span>
          </>
        )}
        {going && run && (
          <button type="button" class="quiet" onClick={() => void attempt(async () => void (await post(`${run.url}/cancel`)))}>
            Call off
          </button>
        )}
      </div>
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      <div aria-live="polite">
        {run?.result && <Outcome run={run} result={run.result} />}
        {run && !run.result && !going && <p class="failure">{run.error ?? `It was ${run.status}.`}</p>}
      </div>
    </div>
  );
}

function Outcome({ run, result }: { run: Run; result: Result }) {
  return (
    <>
      <p class="summary">
        {result.firings === 0 ? "It would not have fired" : `It would have fired ${times(result.firings)}`}
        {result.firings > 1 && `, ${size(result.per_day)} a day`}
        {result.suppressed > 0 && `; held back ${held(result)}`}.
      </p>
      <Bars counts={daily(run)} />
      <p>
        {compared(result)} <a href={`${run.url}/events`} target="_blank" rel="noreferrer">The rows</a>
      </p>
    </>
  );
}

function compared({ firings, live, both }: Result): string {
  if (firings === live && both === live) return live === 0 ? "The same as live: it did not fire." : "The same as live.";
  return `Live it fired ${live === 0 ? "never" : times(live)}; ${both === 0 ? "none" : whole(both)} of those are the same.`;
}

/** Every day of the run, also those on which nothing fired. */
function daily({ params, result }: Run): [day: string, count: number][] {
  const days: [string, number][] = [];
  const last = params.to.slice(0, 10);
  for (let at = Date.parse(params.from.slice(0, 10)); ; at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push([day, result?.by_day[day] ?? 0]);
    if (day >= last) return days;
  }
}
