// The scheduler's jobs: when each runs next, what became of it last, and the button that runs it now.
import { age } from "../../live/format";
import { useParts } from "../../live/paint";
import { post } from "../../live/rest";
import { stream } from "../../live/link";
import { Nothing, Panel, Time } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
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
      {rows.length === 0 ? (
        <Nothing>
          {stream.link === "live" ? (
            <>
              No job is set up. They are named in <code>[scheduler]</code> of the settings.
            </>
          ) : (
            "Waiting for the stream."
          )}
        </Nothing>
      ) : (
        <Scroll label="Jobs of the scheduler">
          <table>
            <caption class="unseen">Jobs of the scheduler</caption>
            <thead>
              <tr>
                <th scope="col">Job</th>
                <th scope="col">Next run</th>
                <th scope="col" class="wide">
                  When
                </th>
                <th scope="col" class="wide">
                  Last run
                </th>
                <th scope="col">Last result</th>
                <th scope="col">
                  <span class="unseen">Run now</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map(([name, job]) => (
                <tr key={name} data-job={name}>
                  <th scope="row">{name}</th>
                  <td>{job.next_run ? <Next iso={job.next_run} /> : <span class="dim">only by hand</span>}</td>
                  <td class="wide dim">
                    <code>{job.cron}</code> {job.timezone}
                  </td>
                  <td class="wide">{job.last_run ? <Time iso={job.last_run} /> : <span class="dim">never yet</span>}</td>
                  <td>
                    <Last job={job} />
                  </td>
                  <td class="end">
                    <button
                      type="button"
                      class="quiet"
                      aria-label={`Run now: ${name}`}
                      aria-busy={asks(name)}
                      onClick={() => void trigger(name)}
                    >
                      Run now
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

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
