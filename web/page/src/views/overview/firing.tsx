// The alerts that want somebody to look, in one line each.
import { since } from "../../live/format";
import { lives, rules } from "../../live/lists";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";
import { hrefOf } from "../../shell/route";

const LOUD = ["firing", "pending", "acknowledged"];

export function Firing() {
  usePolls(lives, rules);
  useParts("clock");
  const names = new Map(rules.value?.map(({ alert_id, name }) => [alert_id, name]));
  const rows = (lives.value ?? []).filter(({ phase }) => LOUD.includes(phase)).sort((a, b) => LOUD.indexOf(a.phase) - LOUD.indexOf(b.phase));
  return (
    <Panel id="firing" title="Alerts that want a look" note={rows.length > 0 && `${rows.length}`} controls={<a href={hrefOf("alerts")}>All alerts</a>}>
      <Failure poll={lives} what="How the alerts stand" />
      {rows.length === 0 ? (
        <Nothing>
          {!lives.value ? (
            waiting(lives, "the alerts")
          ) : rules.value?.length ? (
            `None of ${rules.value.length} is firing.`
          ) : (
            <>
              No alert is set up. <a href={hrefOf("alerts", "", { new: "1" })}>Make one</a>
            </>
          )}
        </Nothing>
      ) : (
        <ul class="lines">
          {rows.map(({ alert_id, phase, since: began, by }) => (
            <li key={alert_id}>
              <span class={`phase ${phase}`}>{phase}</span>
              <a href={hrefOf("alerts", alert_id)}>{names.get(alert_id) ?? alert_id}</a>
              <span class="dim">
                {began && `for ${since(began)}`}
                {by && `, by ${by}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
