// Who watches, how each is and why, and the switch that silences it.
import { useState } from "preact/hooks";
import { hrefOf } from "../../shell/route";
import { orDash, whole } from "../../live/format";
import { attempt, Failure, Panel, Refusal, RestartButton, Switch, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import type { Problem } from "../../live/rest";
import { ask, dogs, total, useCounts, useDogs } from "./dogs";
import type { Dog } from "./wire";

export function Watchdogs() {
  const rows = useDogs() ?? [];
  const counts = useCounts(1);
  const [problem, setProblem] = useState<Problem>();
  const on = rows.filter((dog) => dog.enabled).length;
  return (
    <Panel id="watchdogs" title="Watchdogs" note={rows.length > 0 && `${on} of ${rows.length} on`}>
      <Failure poll={dogs} what="Watchdogs" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      <Table
        name="Watchdogs"
        columns={[
          ...ABOUT,
          { head: "Restart", unseen: true, class: "end", of: (dog) => <Restart dog={dog} failed={setProblem} /> },
          { head: "On", class: "end", of: (dog) => <DogSwitch dog={dog} failed={setProblem} /> },
        ]}
        rows={rows.map((dog) => ({ ...dog, today: counts && total(counts.filter(({ source }) => source === `watchdog:${dog.name}`)) }))}
        row={({ name, enabled }) => ({ key: name, "data-watchdog": name, class: enabled ? undefined : "old" })}
        empty={dogs.value ? "No watchdog is set up. Add one under [watchdogs] in settings.toml and start again." : waiting(dogs, "the watchdogs")}
      />
    </Panel>
  );
}

export function healthOf(dog: Dog): string {
  return dog.enabled ? dog.status : "off";
}

interface Counted extends Dog {
  /** Detections since midnight UTC; undefined until they were counted. */
  today: number | undefined;
}

const ABOUT: Column<Counted>[] = [
  { head: "Name", names: true, of: ({ name }) => <a href={hrefOf("watchdogs", name)}>{name}</a> },
  {
    head: "Health",
    of: (dog) => (
      <>
        <span class={`health ${healthOf(dog)}`} title={dog.reason}>{healthOf(dog)}</span>
        {dog.enabled && dog.reason && <span class="why dim">{dog.reason}</span>}
      </>
    ),
  },
  {
    head: <abbr title="Detections since midnight UTC">Today</abbr>,
    num: true,
    tone: ({ today }) => (today ? "" : "dim"),
    of: ({ today }) => orDash(today, whole),
  },
  { head: "Checks", num: true, class: "wide", of: ({ total_checks }) => whole(total_checks) },
  { head: "Last check", num: true, class: "wider", tone: "dim", of: ({ last_check }) => (last_check ? <Time iso={last_check} /> : "never") },
];

function Restart({ dog: { name, enabled }, failed }: { dog: Dog; failed: (problem: Problem | undefined) => void }) {
  const press = () => void attempt(() => ask(name, "restart")).then(failed);
  return <RestartButton what={`watchdog ${name}`} disabled={!enabled} press={press} />;
}

export function DogSwitch({ dog, failed }: { dog: Dog; failed: (problem: Problem | undefined) => void }) {
  const change = (on: boolean) => ask(dog.name, on ? "enable" : "disable");
  return <Switch on={dog.enabled} label={`Watchdog ${dog.name}`} change={change} failed={failed} />;
}
