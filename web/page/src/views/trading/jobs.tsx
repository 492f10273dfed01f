// The scheduler's jobs: when each runs next, what became of it last, and the button that runs it now.
import { age } from "../../live/format";
import { useParts } from "../../live/paint";
import { post } from "../../live/rest";
import { stream } from "../../live/link";
import { Panel, Time } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { useDeeds } from "./deeds";
import { jobs, useKinds } from "./kinds";
import type { Job } from "./plans";

export function Jobs() {
  useKinds(jobs);
  useParts("clock");
  const { act, asks, word } = useDeeds();
  const rows = [...jobs.values].sort(([, a], [, b]) => ((a.next_run ?? "~") < (b.next_run ?? "~") ? -1 : 1));
  const trigger = (name: string) =>
    act(name, async () => {
      await post(`/api/system/scheduler/trigger/${encodeURIComponent(name)}`);
      return `${name} was started.`;
    });
  return (
    <Panel id="jobs" title="Scheduled jobs" note={rows.length > 0 && `${rows.length}, the next one first`}>
      {word}
      <Table
        name="Jobs of the scheduler"
        columns={[
          ...ABOUT,
          {
            head: "Run now",
            unseen: true,
            class: "end",
            of: ([name]) => (
              <button
                type="button"
                class="quiet"
                aria-label={`Run now: ${name}`}
                aria-busy={asks(name)}
                onClick={() => void trigger(name)}
              >
                Run now
              </button>
            ),
          },
        ]}
        rows={rows}
        row={([name]) => ({ key: name, "data-job": name })}
        empty={
          stream.link === "live" ? (
            <>
              No job is set up. They are named in <code>[scheduler]</code> of the settings.
            </>
          ) : (
            "Waiting for the stream."
          )
        }
      />
    </Panel>
  );
}

const ABOUT: Column<[string, Job]>[] = [
  { head: "Job", names: true, of: ([name]) => name },
  { head: "Next run", of: ([, { next_run }]) => (next_run ? <Next iso={next_run} /> : <span class="dim">only by hand</span>) },
  { head: "When", class: "wide", tone: "dim", of: ([, { cron, timezone }]) => <><code>{cron}</code> {timezone}</> },
  { head: "Last run", class: "wide", of: ([, { last_run }]) => (last_run ? <Time iso={last_run} /> : <span class="dim">never yet</span>) },
  { head: "Last result", of: ([, job]) => <Last job={job} /> },
];

function Next({ iso }: { iso: string }) {
  const left = (Date.parse(iso) - Date.now()) / 1_000;
  return (
    <>
      <Time iso={iso} /> <span class="dim wide">{left > 0 ? `in ${age(left)}` : "due"}</span>
    </>
  );
}

function Last({ job: { last_status, last_outcome, missed, problem } }: { job: Job }) {
  return (
    <>
      {last_status ? (
        <span class={`outcome ${last_status === "completed" ? "delivered" : last_status}`}>{last_status}</span>
      ) : (
        <span class="dim">–</span>
      )}
      {last_outcome && last_outcome !== last_status && <span class="dim by">{last_outcome}</span>}
      {problem && <span class="down by">{problem}</span>}
      {missed && (
        <span class="warn by">
          missed at <Time iso={missed} />, started later
        </span>
      )}
    </>
  );
}
