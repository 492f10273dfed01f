// What became of the last deliveries.
import { whole } from "../../live/format";
import { usePolls } from "../../live/poll";
import { Failure, Nothing, Simulated, Time, waiting } from "../../parts/parts";
import { deliveries, rules } from "../../live/lists";
import type { AlertRule, Delivery } from "../../live/wire";

export function Deliveries() {
  usePolls(rules, deliveries);
  const sent = deliveries.value ?? [];
  return (
    <>
      <h3>Last deliveries</h3>
      <Failure poll={deliveries} what="Deliveries" />
      {sent.length === 0 ? (
        <Nothing>{deliveries.value ? "Nothing has been delivered yet." : waiting(deliveries, "the deliveries")}</Nothing>
      ) : (
        <ul class="deliveries scroll" tabIndex={0} aria-label="Deliveries, newest first">
          {sent.map((delivery) => (
            <Sent key={delivery.id} delivery={delivery} rules={rules.value ?? []} />
          ))}
        </ul>
      )}
    </>
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
