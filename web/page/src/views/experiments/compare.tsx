// Several experiments side by side: their curves over each other, what was set differently, and what each came to.
import { useState } from "preact/hooks";
import { fixed, orDash, short, words } from "../../live/format";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { pathOf } from "../../live/run";
import { tookOf, newest } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Failure, Nothing, Panel } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
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
  const reads = shown.map((id) => polled<Run>(pathOf(id), 300_000));
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

const CAME: Column<Run>[] = [
  { head: "Experiment", names: true, of: (run) => <a href={hrefOf("experiments", run.id)}>{run.name || run.id}</a> },
  { head: "Status", of: (run) => <Standing run={run} /> },
  { head: "Rounds", num: true, of: (run) => roundsOf(run).length },
  { head: "Accuracy", num: true, of: (run) => orDash(roundsOf(run).at(-1)?.accuracy, share) },
  {
    head: "Best",
    num: true,
    of: (run) => {
      const best = Math.max(...roundsOf(run).map(({ accuracy }) => accuracy ?? -1));
      return best < 0 ? "–" : share(best);
    },
  },
  { head: "Round of 90%", num: true, of: (run) => roundsOf(run).find(({ accuracy }) => (accuracy ?? 0) >= 0.9)?.round ?? "–" },
  { head: "Loss", num: true, of: (run) => orDash(roundsOf(run).at(-1)?.loss, (value) => fixed(value, 4)) },
  { head: "Sent", num: true, of: (run) => `${short(roundsOf(run).reduce((sum, { bytes }) => sum + bytes, 0))}B` },
  { head: "Took", num: true, of: tookOf },
];

function Came({ all, drop }: { all: readonly Run[]; drop: (id: string) => void }) {
  return (
    <Panel id="came" title="What each came to">
      <Table
        name="What each came to"
        columns={[
          ...CAME,
          {
            head: "Deeds",
            unseen: true,
            class: "end",
            of: (run) => (
              <button type="button" class="quiet" aria-label={`Leave out ${run.name || run.id}`} onClick={() => drop(run.id)}>
                Leave out
              </button>
            ),
          },
        ]}
        rows={all}
        row={({ id }) => ({ key: id, "data-run": id })}
      />
    </Panel>
  );
}

function Differences({ all, everything }: { all: readonly Run[]; everything: boolean }) {
  const settings = new Map(all.map((run) => [run, settingsOf(run)]));
  const names = [...new Set([...settings.values()].flatMap(Object.keys))].filter(
    (name) => everything || new Set([...settings.values()].map((one) => valueOf(one[name]))).size > 1,
  );
  if (names.length === 0) return <Nothing>{all.length === 1 ? "Add another to see what differs." : "They were told the same."}</Nothing>;
  return (
    <Table
      name="Configuration of each"
      columns={[
        { head: "Setting", names: true, of: words },
        ...all.map((run): Column<string> => ({ head: run.name || run.id, of: (name) => valueOf(settings.get(run)![name]) })),
      ]}
      rows={names}
      row={(name) => ({ key: name })}
    />
  );
}

function settingsOf(run: Run): Record<string, unknown> {
  const { scenario, configuration, network_settings, policies } = paramsOf(run);
  return { scenario, ...configuration, ...network_settings, policies: policies.join(", ") || "none" };
}
