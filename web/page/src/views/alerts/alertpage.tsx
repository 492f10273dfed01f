// One alert: how it stands and what may be done about it, where it fired, what was told, and what it is set to.
import { useState } from "preact/hooks";
import { plain, span, words } from "../../live/format";
import { lives, rules, silences } from "../../live/lists";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { type Problem, remove } from "../../live/rest";
import type { Items } from "../../live/wire";
import { attempt, Confirm, Failure, Nothing, Panel, Refusal, Time, waiting } from "../../parts/parts";
import { PriceLine } from "../../parts/priceline";
import { useCommands } from "../../shell/commands";
import { go, hrefOf } from "../../shell/route";
import { Alert } from "./alert";
import { DeliveryList } from "./deliverylist";
import { History } from "./history";
import { inForce, isOfOne } from "./silences";
import type { Config, Firing, StoredRule } from "./wire";

const DAY_MS = 86_400_000;

export function AlertPage({ id }: { id: string }) {
  usePolls(rules, lives, silences);
  useParts("clock");
  const [problem, setProblem] = useState<Problem>();
  const rule = rules.value?.find((one) => one.alert_id === id) as StoredRule | undefined;
  useCommands(() => (rule ? [{ title: `Change ${rule.name}`, group: "alert", run: () => go("alerts", "", { edit: id }) }] : []));
  if (!rule) {
    return (
      <Panel id="alerts" title={id}>
        <Failure poll={rules} what="Alert rules" />
        <Nothing>{rules.value ? <>No alert has this id. <a href={hrefOf("alerts")}>All alerts</a> shows those there are; what it did is in the <a href={hrefOf("alerts", "", { tab: "history", rule: id })}>history</a>.</> : waiting(rules, "the alerts")}</Nothing>
      </Panel>
    );
  }
  return (
    <>
      <p class="crumbs"><a href={hrefOf("alerts")}>All alerts</a></p>
      <Panel
        id="alerts"
        title={rule.name}
        note={<code>{rule.alert_id}</code>}
        controls={
          <>
            <a class="quiet" href={hrefOf("alerts", "", { edit: id })}>Change</a>
            <a class="quiet" href={hrefOf("alerts", "", { new: "", like: id })}>Copy</a>
            <Delete rule={rule} failed={setProblem} />
          </>
        }
      >
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
        {rule.description && <p class="prose dim">{rule.description}</p>}
        <ul class="alerts">
          <Alert rule={rule} life={lives.value?.find((one) => one.alert_id === id)} silence={inForce().filter(isOfOne).find(({ matchers }) => matchers.alert_id === id)} failed={setProblem} />
        </ul>
      </Panel>
      <div class="columns wide-left">
        <div class="column">
          <Where id={id} symbol={rule.trigger.symbol ?? ""} />
          <History of={id} />
          <DeliveryList of={id} />
        </div>
        <SetTo rule={rule} />
      </div>
    </>
  );
}

function Delete({ rule, failed }: { rule: StoredRule; failed: (problem: Problem | undefined) => void }) {
  const [asked, ask] = useState(false);
  const yes = () => {
    ask(false);
    void attempt(async () => {
      await remove(`/api/alerts/${encodeURIComponent(rule.alert_id)}`);
      await Promise.all([rules.refresh(), lives.refresh()]);
      go("alerts");
    }).then(failed);
  };
  return (
    <>
      <button type="button" class="quiet" aria-haspopup="dialog" onClick={() => ask(true)}>Delete</button>
      {asked && <Confirm title={<>Delete <bdi>{rule.name}</bdi>?</>} text="It goes with its record and its secrets, and what it still owes is cancelled. What it did stays in the history." verb="Delete" yes={yes} no={() => ask(false)} />}
    </>
  );
}

/** Its firings of the last day, on the price of what they are about. */
function Where({ id, symbol }: { id: string; symbol: string }) {
  const poll = polled<Items<Firing>>(`/api/oracle/alerts/history?${new URLSearchParams({ limit: "50", alert_id: id })}`, 30_000);
  usePolls(poll);
  useParts("minute");
  const now = Date.now();
  const fired = (poll.value?.items ?? []).filter(({ ts }) => Date.parse(ts) > now - DAY_MS);
  const subjects = new Set(fired.map(({ subject }) => subject).filter((one) => SYMBOL.test(one)));
  const shown = SYMBOL.test(symbol) && symbol.includes("-") ? symbol : [...subjects][0];
  if (!shown || fired.length === 0) return null;
  const marks = fired.filter(({ subject }) => subject === shown || !SYMBOL.test(subject)).map(({ id, ts, severity, summary }) => ({ id, at: Date.parse(ts), tone: severity, label: summary }));
  return (
    <Panel id="where" title="Where it fired" note={`${shown}, the last day`}>
      <PriceLine symbol={shown} from={now - DAY_MS} to={now} marks={marks.reverse()} height={170} />
    </Panel>
  );
}

const SYMBOL = /^[A-Z0-9.]+(-[A-Z0-9]+)?$/;

function SetTo({ rule }: { rule: StoredRule }) {
  const facts: [string, string][] = [
    ["Cooldown", rule.cooldown_seconds ? span(rule.cooldown_seconds) : "none"],
    ["Apart by", rule.group_by.join(", ")],
    ["Gathers for", rule.group_wait_s ? span(rule.group_wait_s) : ""],
    ["At most in an hour", rule.max_per_hour === null ? "" : plain(rule.max_per_hour)],
    ["Over after", rule.resolve_after_s ? span(rule.resolve_after_s) : ""],
    ["Tells when it is over", rule.notify_resolved ? "yes" : ""],
    ["Escalates after", rule.escalate_after_s ? `${span(rule.escalate_after_s)}${rule.escalate_methods.length ? ` to ${rule.escalate_methods.join(", ")}` : ""}` : ""],
    ["Quiet while one fires", rule.inhibited_by.join(", ")],
    ["Quiet hours", rule.quiet_hours ? `${rule.quiet_hours.from} to ${rule.quiet_hours.to} ${rule.quiet_hours.tz}, below ${rule.quiet_hours.min_severity}` : ""],
    ["Does", rule.actions.map(({ command, target, on }) => `${command} ${target} when ${on}`).join("; ")],
    ...rule.delivery_methods.map((method): [string, string] => [`By ${method}`, farEnd(rule[`${method}_config` as keyof StoredRule] as Config | null | undefined)]),
  ];
  return (
    <Panel id="set" title="Set to">
      <table class="settings" aria-label={`What ${rule.name} is set to`}>
        <tbody>
          {facts.filter(([, value]) => value).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="nothing">Written <Time iso={rule.created_at} />. What sets it off, and who is told, stands above.</p>
    </Panel>
  );
}

/** Whom a config tells, without its secrets. */
function farEnd(config: Config | null | undefined): string {
  if (!config) return "nothing else is needed";
  const { to_emails, chat_ids, to_numbers, url } = config as Record<string, string[] | string | undefined>;
  const found = to_emails ?? chat_ids ?? to_numbers ?? url ?? "";
  return words(Array.isArray(found) ? found.join(", ") : found);
}
