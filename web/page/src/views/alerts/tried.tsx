// What came of trying a rule on the past: how far it is, how often it would have fired, day by day, and where on the price.
import { localDay, size, times, whole, words } from "../../live/format";
import { polled, usePolls } from "../../live/poll";
import { isOver, pathOf, useRows } from "../../live/run";
import type { Run } from "../../live/wire";
import { Bars, type DayCount } from "../../parts/bars";
import { Time } from "../../parts/parts";
import { PriceLine } from "../../parts/priceline";
import { held } from "./life";
import type { Analytics, PreviewParams, PreviewResult, WouldFire } from "./wire";

const DAY_MS = 86_400_000;
const SYMBOL = /^[A-Z0-9.]+(-[A-Z0-9]+)?$/;

type Preview = Run<PreviewParams, PreviewResult>;

/** `stored`: the rule is one that is there, so it can be compared with what it did. */
export function Tried({ run, cancel, stored = false }: { run: Preview; cancel: () => void; stored?: boolean }) {
  if (!isOver(run)) {
    return (
      <div class="line prose">
        <span>{words(run.status)}</span>
        <progress value={run.progress} aria-label="Progress" />
        <span class="num dim">{whole(run.progress * 100)} %</span>
        <button type="button" class="quiet" onClick={cancel}>Call off</button>
        {run.status === "queued" && <span class="dim">waits for a backtest before it</span>}
      </div>
    );
  }
  if (!run.result) return <p class="failure">{run.error ?? `It was ${run.status}.`}</p>;
  return <Outcome run={run} result={run.result} stored={stored} />;
}

function Outcome({ run, result, stored }: { run: Preview; result: PreviewResult; stored: boolean }) {
  const rows = useRows<WouldFire>(run) ?? [];
  const { from, to } = run.params;
  const subject = mostly(rows) || (run.params.rule.trigger.symbol ?? "");
  const mine = rows.filter(({ data }) => !data.event_subject || data.event_subject === subject || !SYMBOL.test(data.event_subject));
  const marks = mine.map(({ id, ts, severity, summary }) => ({ id, at: Date.parse(ts), tone: severity, label: summary }));
  return (
    <>
      <p class="summary prose">
        {result.firings === 0 ? "It would not have fired" : `It would have fired ${times(result.firings)}`}
        {result.firings > 1 && `, ${size(result.per_day)} a day`}
        {result.suppressed > 0 && `; held back ${held(result)}`}.
      </p>
      {result.from_bars ? <FromBars {...result.from_bars} to={to} /> : <Known from={from} to={to} />}
      <Bars label="Firings" counts={daily(run)} />
      {stored && (
        <p class="prose">
          {compared(result)} <a href={`${pathOf(run.id)}/events`} target="_blank" rel="noreferrer">The rows</a>
        </p>
      )}
      {SYMBOL.test(subject) && <PriceLine symbol={subject} from={Date.parse(from)} to={Date.parse(to)} marks={marks} height={170} />}
      {rows.length > 0 && (
        <ul class="firings scroll" tabIndex={0} aria-label="It would have fired">
          {rows.slice(-50).reverse().map((row) => (
            <li key={row.id}><Time iso={row.ts} /> <span class={`severity ${row.severity}`}>{row.severity}</span> <span class="what">{row.summary}</span></li>
          ))}
        </ul>
      )}
    </>
  );
}

function compared({ firings, live, both }: PreviewResult): string {
  if (firings === live && both === live) return live === 0 ? "The same as live: it did not fire." : "The same as live.";
  return `Live it fired ${live === 0 ? "never" : times(live)}; ${both === 0 ? "none" : whole(both)} of those are the same.`;
}

/** What most of them are about. */
function mostly(rows: readonly WouldFire[]): string {
  const counts = new Map<string, number>();
  for (const { data } of rows) if (data.event_subject && SYMBOL.test(data.event_subject)) counts.set(data.event_subject, (counts.get(data.event_subject) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}

/** Where no ticks are stored, bars tell roughly what happened: that is said, lest it is taken for the ticks' own. */
function FromBars({ bars, until, to }: { bars: number; until: string; to: string }) {
  const all = Date.parse(until) >= Date.parse(to);
  return (
    <p class="prose warn">
      Tried on {whole(bars)} 1-minute bars{!all && <> until {localDay(new Date(until))} at <Time iso={until} bare /></>}, as no ticks are stored of that time: a level is right within a minute, a change over a window roughly.
    </p>
  );
}

/** A past that nobody recorded says nothing: that is told, lest "never" is taken for it. */
function Known({ from, to }: { from: string; to: string }) {
  const poll = polled<Analytics>("/api/oracle/alerts/analytics?limit=1", 300_000);
  usePolls(poll);
  const known = poll.value?.known_from;
  if (!known || Date.parse(known) <= Date.parse(from)) return null;
  const began = <>The history begins {localDay(new Date(known))} at <Time iso={known} bare /></>;
  return <p class="prose warn">{Date.parse(known) >= Date.parse(to) ? <>{began}: nothing is known of that time.</> : <>{began}; of the time before nothing is known.</>}</p>;
}

/** Every day of the run, also those on which nothing fired. */
function daily({ params, result }: Preview): DayCount[] {
  const days: DayCount[] = [];
  const last = new Date(Date.parse(params.to) - 1).toISOString().slice(0, 10);
  for (let at = Date.parse(params.from.slice(0, 10)); ; at += DAY_MS) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push({ day, count: result?.by_day[day] ?? 0 });
    if (day >= last) return days;
  }
}
