// The rules that tell somebody, when each last fired, and what became of the last deliveries.
import { useState } from "preact/hooks";
import { whole } from "./format";
import { allow, permission } from "./notify";
import { useParts } from "./paint";
import { attempt, Failure, Nothing, Panel, Refusal, Simulated, Switch, Time, waiting } from "./parts";
import { post, type Problem } from "./rest";
import { deliveries, rules } from "./store";
import type { AlertRule, Delivery } from "./wire";

export function Alerts() {
  useParts("rules", "deliveries");
  const [problem, setProblem] = useState<Problem>();
  const rows = rules.value ?? [];
  const sent = deliveries.value ?? [];
  return (
    <Panel id="alerts" title="Alert rules" note={rows.length > 0 && `${rows.length}`}>
      <Failure poll={rules} what="Alert rules" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {rows.length === 0 ? (
        <Nothing>
          {rules.value ? (
            <>
              No alert rule yet. Make one with <code>POST /api/alerts</code>.
            </>
          ) : (
            waiting(rules, "the alert rules")
          )}
        </Nothing>
      ) : (
        <ul class="rules">
          {rows.map((rule) => (
            <Rule key={rule.alert_id} rule={rule} failed={setProblem} />
          ))}
        </ul>
      )}
      <Allow rules={rows} />
      <h3>Last deliveries</h3>
      <Failure poll={deliveries} what="Deliveries" />
      {sent.length === 0 ? (
        <Nothing>{deliveries.value ? "Nothing has been delivered yet." : waiting(deliveries, "the deliveries")}</Nothing>
      ) : (
        <ul class="deliveries scroll" tabIndex={0} aria-label="Deliveries, newest first">
          {sent.map((delivery) => (
            <Sent key={delivery.id} delivery={delivery} rules={rows} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Rule({ rule, failed }: { rule: AlertRule; failed: (problem: Problem | undefined) => void }) {
  return (
    <li data-rule={rule.alert_id} class={rule.enabled ? undefined : "old"}>
      <div>
        <strong>{rule.name}</strong>
        <span class="dim"> {condition(rule)}</span>
        <div class="dim">
          {rule.last_triggered ? (
            <>
              fired <Time iso={rule.last_triggered} />, {times(rule.trigger_count)}
            </>
          ) : (
            "never fired"
          )}
          {" · "}
          {rule.delivery_methods.join(", ") || "tells nobody"}
          {rule.actions.map((action) => ` · ${action.command} ${action.target}${action.on === "fired" ? "" : ` when ${action.on}`}`)}
          {rule.cooldown_seconds > 0 && ` · at most every ${whole(rule.cooldown_seconds)} s`}
        </div>
      </div>
      <button
        type="button"
        class="quiet"
        aria-label={`Test alert rule ${rule.name}`}
        title="Deliver a test"
        disabled={rule.delivery_methods.length + rule.actions.length === 0}
        onClick={() => void test(rule).then(failed)}
      >
        Test
      </button>
      <Switch
        on={rule.enabled}
        label={`Alert rule ${rule.name}`}
        change={async (on) => {
          await post(`/api/alerts/${encodeURIComponent(rule.alert_id)}/${on ? "enable" : "disable"}`);
          await rules.refresh();
        }}
        failed={failed}
      />
    </li>
  );
}

function Sent({ delivery, rules }: { delivery: Delivery; rules: AlertRule[] }) {
  const { outcome, attempts, last_error, payload } = delivery;
  const rule = rules.find((rule) => rule.alert_id === delivery.rule_id);
  return (
    <li data-delivery={delivery.id}>
      <span class={`outcome ${outcome}`}>{outcome}</span>
      <Time iso={delivery.ts} />
      <span class="what" title={rule?.name ?? delivery.rule_id}>
        {payload.event?.description ?? rule?.name ?? delivery.rule_id} <span class="dim">by {delivery.channel}</span>
        {attempts.length > 1 && <span class="dim">, {whole(attempts.length)} tries</span>}
        {last_error && <span class="dim">: {last_error}</span>}
        {payload.event?.metadata?.simulated && <> <Simulated /></>}
      </span>
    </li>
  );
}

/** Have a test delivered; the Problem, if there was one. */
function test(rule: AlertRule): Promise<Problem | undefined> {
  return attempt(async () => {
    await post(`/api/alerts/${encodeURIComponent(rule.alert_id)}/test`);
    await deliveries.refresh();
  });
}

/** Where alerts want to be shown by this browser, and it was not asked yet whether it may. */
function Allow({ rules }: { rules: AlertRule[] }) {
  if (!rules.some((rule) => rule.delivery_methods.includes("browser"))) return null;
  switch (permission()) {
    case "granted":
      return null;
    case "default":
      return (
        <p class="ask">
          Some alerts want to be shown on this desktop.{" "}
          <button type="button" onClick={() => void allow()}>
            Allow notifications
          </button>
        </p>
      );
    default:
      return <p class="ask dim">Some alerts want to be shown on this desktop; this browser does not allow it.</p>;
  }
}

/** The trigger in words. */
function condition({ trigger }: AlertRule): string {
  const filter = trigger.event_filter;
  const parts = [filter?.event_types, filter?.severities, filter?.assets, filter?.watchdogs]
    .filter((list): list is string[] => !!list?.length)
    .map((list) => list.join(" or "));
  if (trigger.type !== "watchdog_event") return `on ${trigger.type.replaceAll("_", " ")}`;
  return parts.length ? `on ${parts.join(", ")}` : "on any watchdog event";
}

function times(count: number): string {
  return count === 1 ? "once" : count === 2 ? "twice" : `${whole(count)} times`;
}
