// Who watches, how each is, and the switch that silences it.
import { useState } from "preact/hooks";
import { whole } from "../../live/format";
import { usePolls } from "../../live/poll";
import { attempt, Failure, Nothing, Panel, Refusal, RestartButton, Switch, Time, waiting } from "../../parts/parts";
import { post, type Problem } from "../../live/rest";
import { watchdogs } from "../../live/lists";
import type { Watchdog } from "../../live/wire";

export function Watchdogs() {
  usePolls(watchdogs);
  const [problem, setProblem] = useState<Problem>();
  const rows = watchdogs.value ?? [];
  const on = rows.filter((dog) => dog.enabled).length;
  return (
    <Panel id="watchdogs" title="Watchdogs" note={rows.length > 0 && `${on} of ${rows.length} on`}>
      <Failure poll={watchdogs} what="Watchdogs" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {rows.length === 0 ? (
        <Nothing>
          {watchdogs.value
            ? "No watchdog is set up. Add one under [watchdogs] in settings.toml and start again."
            : waiting(watchdogs, "the watchdogs")}
        </Nothing>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Health</th>
                <th scope="col" class="num wide">Checks</th>
                <th scope="col" class="num wider">Last check</th>
                <th scope="col"><span class="unseen">Restart</span></th>
                <th scope="col" class="end">On</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((dog) => (
                <Row key={dog.name} dog={dog} failed={setProblem} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Row({ dog, failed }: { dog: Watchdog; failed: (problem: Problem | undefined) => void }) {
  const ask = async (verb: string) => {
    await post(`/dashboard/watchdogs/${encodeURIComponent(dog.name)}/${verb}`);
    await watchdogs.refresh();
  };
  const health = dog.enabled ? dog.status : "off";
  return (
    <tr data-watchdog={dog.name} class={dog.enabled ? undefined : "old"}>
      <th scope="row">{dog.name}</th>
      <td>
        <span class={`health ${health}`}>{health}</span>
        {dog.consecutive_failures > 0 && <span class="dim"> {whole(dog.consecutive_failures)} failed</span>}
      </td>
      <td class="num wide">{whole(dog.total_checks)}</td>
      <td class="num wider dim">{dog.last_check ? <Time iso={dog.last_check} /> : "never"}</td>
      <td class="end">
        <RestartButton
          what={`watchdog ${dog.name}`}
          disabled={!dog.enabled}
          press={() => void attempt(() => ask("restart")).then(failed)}
        />
      </td>
      <td class="end">
        <Switch
          on={dog.enabled}
          label={`Watchdog ${dog.name}`}
          change={(on) => ask(on ? "enable" : "disable")}
          failed={failed}
        />
      </td>
    </tr>
  );
}
