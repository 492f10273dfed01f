// Who watches, how each is and why, and the switch that silences it.
import { useState } from "preact/hooks";
import { hrefOf } from "../../shell/route";
import { whole } from "../../live/format";
import { attempt, Failure, Nothing, Panel, Refusal, RestartButton, Switch, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import type { Problem } from "../../live/rest";
import { ask, dogs, total, useCounts, useDogs } from "./dogs";
import type { Counts, Dog } from "./wire";

export function Watchdogs() {
  const rows = useDogs() ?? [];
  const counts = useCounts(1);
  const [problem, setProblem] = useState<Problem>();
  const on = rows.filter((dog) => dog.enabled).length;
  return (
    <Panel id="watchdogs" title="Watchdogs" note={rows.length > 0 && `${on} of ${rows.length} on`}>
      <Failure poll={dogs} what="Watchdogs" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {rows.length === 0 ? (
        <Nothing>
          {dogs.value
            ? "No watchdog is set up. Add one under [watchdogs] in settings.toml and start again."
            : waiting(dogs, "the watchdogs")}
        </Nothing>
      ) : (
        <Scroll label="Watchdogs">
          <table aria-label="Watchdogs">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Health</th>
                <th scope="col" class="num"><abbr title="Detections since midnight UTC">Today</abbr></th>
                <th scope="col" class="num wide">Checks</th>
                <th scope="col" class="num wider">Last check</th>
                <th scope="col"><span class="unseen">Restart</span></th>
                <th scope="col" class="end">On</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((dog) => (
                <Row key={dog.name} dog={dog} counts={counts} failed={setProblem} />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

export function healthOf(dog: Dog): string {
  return dog.enabled ? dog.status : "off";
}

interface RowProps {
  dog: Dog;
  counts: Counts[] | undefined;
  failed: (problem: Problem | undefined) => void;
}

function Row({ dog, counts, failed }: RowProps) {
  const health = healthOf(dog);
  const today = counts && total(counts.filter(({ source }) => source === `watchdog:${dog.name}`));
  return (
    <tr data-watchdog={dog.name} class={dog.enabled ? undefined : "old"}>
      <th scope="row"><a href={hrefOf("watchdogs", dog.name)}>{dog.name}</a></th>
      <td>
        <span class={`health ${health}`} title={dog.reason}>{health}</span>
        {dog.enabled && dog.reason && <span class="why dim">{dog.reason}</span>}
      </td>
      <td class={`num ${today ? "" : "dim"}`}>{today === undefined ? "–" : whole(today)}</td>
      <td class="num wide">{whole(dog.total_checks)}</td>
      <td class="num wider dim">{dog.last_check ? <Time iso={dog.last_check} /> : "never"}</td>
      <td class="end">
        <RestartButton
          what={`watchdog ${dog.name}`}
          disabled={!dog.enabled}
          press={() => void attempt(() => ask(dog.name, "restart")).then(failed)}
        />
      </td>
      <td class="end">
        <DogSwitch dog={dog} failed={failed} />
      </td>
    </tr>
  );
}

export function DogSwitch({ dog, failed }: { dog: Dog; failed: (problem: Problem | undefined) => void }) {
  const change = (on: boolean) => ask(dog.name, on ? "enable" : "disable");
  return <Switch on={dog.enabled} label={`Watchdog ${dog.name}`} change={change} failed={failed} />;
}
