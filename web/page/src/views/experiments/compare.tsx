// Several experiments side by side: their curves over each other, what was set differently, and what each came to.
import { useState } from "preact/hooks";
import { fixed, short, words } from "../../live/format";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { tookOf, newest } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Failure, Nothing, Panel } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { go, hrefOf } from "../../shell/route";
import { Over, share } from "./curves";
import { Standing } from "./list";
import { valueOf } from "./one";
import { paramsOf, roundsOf } from "./wire";

const MOST = 12;

interface Page {
  items: Run[];
}

export function Compare({ ids }: { ids: readonly string[] }) {
  const shown = ids.slice(0, MOST);
  const reads = shown.map((id) => polled<Run>(`/api/oracle/runs/${encodeURIComponent(id)}`, 300_000));
  const others = polled<Page>("/api/oracle/runs?kind=experiment&limit=100", 120_000);
  const [all, setAll] = useState(false);
  usePolls(others, ...reads);
  useParts("runs", "clock");
  const chosen = reads.flatMap(({ value }) => (value ? [newest(value)] : []));
  const choose = (next: readonly string[]) => (next.length > 0 ? go("experiments", "", { compare: next.join(",") }) : go("experiments"));
  const more = (others.value?.items ?? []).filter(({ id }) => !shown.includes(id));
  return (
    <>
      <Panel
        id="compared"
        title="Compare"
        note={ids.length > MOST ? `the first ${MOST} of ${ids.length}` : `${shown.length} experiments`}
        controls={
          <>
            {more.length > 0 && shown.length < MOST && (
              <select class="field" aria-label="Add an experiment" value="" onChange={(event) => choose([...shown, event.currentTarget.value])}>
                <option value="">Add …</option>
                {more.map((run) => <option key={run.id} value={run.id}>{`${run.name || run.id} (${run.id})`}</option>)}
              </select>
            )}
            <a href={hrefOf("experiments")}>All experiments</a>
          </>
        }
      >
        {reads.map((read) => <Failure key={read.path} poll={read} what={decodeURIComponent(read.path.split("/").at(-1)!)} />)}
        {chosen.length === 0 ? (
          <Nothing>Reading the experiments.</Nothing>
        ) : (
          <div class="columns flush">
            <Over all={chosen} figure="accuracy" />
            <Over all={chosen} figure="loss" />
          </div>
        )}
      </Panel>
      {chosen.length > 0 && (
        <>
          <Came all={chosen} drop={(id) => choose(shown.filter((one) => one !== id))} />
          <Panel
            id="differences"
            title="Configuration"
            note={all ? "all of it" : "what differs"}
            controls={
              <button type="button" class="quiet" aria-pressed={all} onClick={() => setAll(!all)}>
                Show all
              </button>
            }
          >
            <Differences all={chosen} everything={all} />
          </Panel>
        </>
      )}
    </>
  );
}

function Came({ all, drop }: { all: readonly Run[]; drop: (id: string) => void }) {
  return (
    <Panel id="came" title="What each came to">
      <Scroll label="What each came to">
        <table>
          <caption class="unseen">What each came to</caption>
          <thead>
            <tr>
              <th scope="col">Experiment</th>
              <th scope="col">Status</th>
              <th scope="col" class="num">Rounds</th>
              <th scope="col" class="num">Accuracy</th>
              <th scope="col" class="num">Best</th>
              <th scope="col" class="num">Round of 90%</th>
              <th scope="col" class="num">Loss</th>
              <th scope="col" class="num">Sent</th>
              <th scope="col" class="num">Took</th>
              <th class="end"><span class="unseen">Deeds</span></th>
            </tr>
          </thead>
          <tbody>
            {all.map((run) => {
              const rounds = roundsOf(run);
              const last = rounds.at(-1);
              const best = Math.max(...rounds.map(({ accuracy }) => accuracy ?? -1));
              return (
                <tr key={run.id} data-run={run.id}>
                  <th scope="row"><a href={hrefOf("experiments", run.id)}>{run.name || run.id}</a></th>
                  <td><Standing run={run} /></td>
                  <td class="num">{rounds.length}</td>
                  <td class="num">{last?.accuracy == null ? "–" : share(last.accuracy)}</td>
                  <td class="num">{best < 0 ? "–" : share(best)}</td>
                  <td class="num">{rounds.find(({ accuracy }) => (accuracy ?? 0) >= 0.9)?.round ?? "–"}</td>
                  <td class="num">{last?.loss == null ? "–" : fixed(last.loss, 4)}</td>
                  <td class="num">{short(rounds.reduce((sum, { bytes }) => sum + bytes, 0))}B</td>
                  <td class="num">{tookOf(run)}</td>
                  <td class="end">
                    <button type="button" class="quiet" aria-label={`Leave out ${run.name || run.id}`} onClick={() => drop(run.id)}>
                      Leave out
                    </button>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

function Differences({ all, everything }: { all: readonly Run[]; everything: boolean }) {
  const settings = all.map((run) => {
    const { scenario, configuration, network_settings, policies } = paramsOf(run);
    return { scenario, ...configuration, ...network_settings, policies: policies.join(", ") || "none" } as Record<string, unknown>;
  });
  const names = [...new Set(settings.flatMap(Object.keys))].filter(
    (name) => everything || new Set(settings.map((one) => valueOf(one[name]))).size > 1,
  );
  if (names.length === 0) return <Nothing>{all.length === 1 ? "Add another to see what differs." : "They were told the same."}</Nothing>;
  return (
    <Scroll label="Configuration of each">
      <table>
        <caption class="unseen">Configuration of each</caption>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            {all.map((run) => <th key={run.id} scope="col">{run.name || run.id}</th>)}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name}>
              <th scope="row">{words(name)}</th>
              {settings.map((one, place) => <td key={all[place]!.id}>{valueOf(one[name])}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
