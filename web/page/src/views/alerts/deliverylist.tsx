// All deliveries: what became of each, every try at it, and telling it once more.
import { useEffect, useState } from "preact/hooks";
import { fixed, whole, words } from "../../live/format";
import { useTopics } from "../../live/link";
import { rules } from "../../live/lists";
import { usePolls } from "../../live/poll";
import { post, type Problem } from "../../live/rest";
import type { Attempt, Delivery } from "../../live/wire";
import { usePages } from "../../parts/pages";
import { attempt, Failure, Nothing, Panel, Refusal, Simulated, Time, waiting } from "../../parts/parts";
import { type Column, type Head, Headed, Table } from "../../parts/table";
import { hrefOf, useQuery } from "../../shell/route";

const CHANNELS = ["browser", "log", "email", "telegram", "webhook", "slack", "discord", "sms", "command"];
const OUTCOMES = ["pending", "retry", "delivered", "failed", "cancelled"];
const ROWS = 50;

/** Of all alerts, or of the one that is named. */
export function DeliveryList({ of = "" }: { of?: string }) {
  usePolls(rules);
  const [chosen, chooseRule] = useQuery("rule");
  const [channel, chooseChannel] = useQuery("channel");
  const [outcome, chooseOutcome] = useQuery("outcome");
  const rule = of || chosen;
  const query = new URLSearchParams({ limit: String(ROWS), ...(rule && { rule_id: rule }), ...(channel && { channel }), ...(outcome && { outcome }) });
  const { poll, rows, more } = usePages<Delivery>(`/api/oracle/deliveries?${query}`);
  useTopics(["attempt:*", "event:*"], ({ topic = "" }) => (topic.startsWith("attempt:") || topic.startsWith("event:alert_")) && poll.nudge());
  const names = new Map(rules.value?.map((one) => [one.alert_id, one.name]));
  const narrowed = (!of && chosen) || channel || outcome;
  return (
    <Panel
      id="deliveries"
      title="Deliveries"
      note={rows.length > 0 && `${whole(rows.length)} shown`}
      controls={
        <>
          {!of && <Select label="Alert" value={chosen} choose={chooseRule} all="all alerts" of={[...names]} />}
          <Select label="Channel" value={channel} choose={chooseChannel} all="all channels" of={CHANNELS.map((one) => [one, one])} />
          <Select label="Outcome" value={outcome} choose={chooseOutcome} all="every outcome" of={OUTCOMES.map((one) => [one, one])} />
        </>
      }
    >
      <Failure poll={poll} what="Deliveries" />
      {rows.length === 0 ? (
        <Nothing>{!poll.value ? waiting(poll, "the deliveries") : narrowed ? "Nothing was delivered that fits. Choose less to see more." : "Nothing has been delivered yet. Test an alert, or wait until one fires."}</Nothing>
      ) : (
        <Headed name="Deliveries, newest first" label="Deliveries" heads={HEADS.filter(({ head }) => !of || head !== "Alert")}>
          {rows.map((delivery) => <Row key={delivery.id} delivery={delivery} name={names.get(delivery.rule_id) ?? delivery.rule_id} alone={!!of} done={() => poll.refresh()} />)}
        </Headed>
      )}
      {more}
    </Panel>
  );
}

const HEADS: Head[] = [
  { head: "When" },
  { head: "Outcome" },
  { head: "Alert", class: "wide" },
  { head: "By", class: "wide" },
  { head: "What" },
  { head: "Tries", num: true, class: "wide" },
  { head: "Resend", unseen: true, class: "end" },
];

interface SelectProps {
  label: string;
  value: string;
  choose: (value: string) => void;
  /** What is said where nothing is chosen. */
  all: string;
  of: readonly (readonly [value: string, word: string])[];
}

export function Select({ label, value, choose, all, of }: SelectProps) {
  return (
    <select class="field" aria-label={label} value={value} onChange={(event) => choose(event.currentTarget.value)}>
      <option value="">{all}</option>
      {value && !of.some(([one]) => one === value) && <option value={value}>{value}</option>}
      {of.map(([one, word]) => <option key={one} value={one}>{word}</option>)}
    </select>
  );
}

interface RowProps {
  delivery: Delivery;
  name: string;
  /** Whether all rows are of one alert. */
  alone: boolean;
  done: () => Promise<void>;
}

function Row({ delivery, name, alone, done }: RowProps) {
  const { id, ts, outcome, channel, payload, attempts, last_error, rule_id } = delivery;
  const [open, setOpen] = useState(false);
  const [sent, setSent] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const resend = async () => {
    await post(`/api/oracle/deliveries/${encodeURIComponent(id)}/resend`);
    setSent(true);
    await done();
  };
  useEffect(() => setProblem(undefined), [id]);
  const what = payload.event?.description ?? name;
  return (
    <>
      <tr data-delivery={id}>
        <td class="dim"><Time iso={ts} /></td>
        <td><span class={`outcome ${outcome}`}>{outcome}</span></td>
        {!alone && <td class="wide"><a href={hrefOf("alerts", rule_id)}>{name}</a></td>}
        <td class="wide">{channel}</td>
        <td class="wrap">
          {what} {payload.event?.metadata?.simulated && <Simulated />}
          {last_error && <span class="down">: {last_error}</span>}
        </td>
        <td class="num wide">
          <button type="button" class="quiet" aria-expanded={open} aria-label={`${whole(attempts.length)} tries of ${what}, by ${channel}`} onClick={() => setOpen(!open)}>{whole(attempts.length)}</button>
        </td>
        <td class="end">
          <button type="button" class="quiet" disabled={sent} aria-label={`Resend ${what}, by ${channel}`} onClick={() => void attempt(resend).then(setProblem)}>{sent ? "Resent" : "Resend"}</button>
        </td>
      </tr>
      {problem && <tr><td colSpan={7}><Refusal problem={problem} clear={() => setProblem(undefined)} /></td></tr>}
      {open && <tr><td colSpan={7}><Attempts delivery={delivery} /></td></tr>}
    </>
  );
}

const TRIES: Column<Attempt>[] = [
  { head: "Try", num: true, of: ({ number }) => number },
  { head: "When", tone: "dim", of: ({ ts }) => <Time iso={ts} /> },
  { head: "Outcome", of: ({ outcome }) => <span class={`outcome ${outcome}`}>{words(outcome)}</span> },
  { head: "Status", num: true, of: ({ status }) => status || "–" },
  { head: "Took ms", num: true, of: ({ took_ms: took }) => fixed(took, took < 10 ? 2 : 0) },
  { head: "Error", tone: "wrap", of: ({ error }) => error || "–" },
];

function Attempts({ delivery: { id, attempts } }: { delivery: Delivery }) {
  return (
    <div class="inner">
      <p class="dim">Delivery <code>{id}</code></p>
      {attempts.length === 0 && <p>It was not tried yet.</p>}
      <Table name={`Tries of delivery ${id}`} class="narrow" columns={TRIES} rows={attempts} row={({ number }) => ({ key: number })} />
    </div>
  );
}
