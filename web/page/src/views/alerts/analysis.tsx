// How the alerts do: how often they fire, the noisiest first, whether and how fast people are told, and how soon somebody looks.
import { fixed, orDash, size, span, whole } from "../../live/format";
import { useTopics } from "../../live/link";
import { polled, usePolls } from "../../live/poll";
import { Bars } from "../../parts/bars";
import { Card, Cards } from "../../parts/card";
import { Choice } from "../../parts/choice";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { hrefOf, useQuery } from "../../shell/route";
import type { Analytics } from "./wire";

const DAYS = { "1": "today", "7": "7 days", "30": "30 days" } as const;
const DAY_MS = 86_400_000;

export function Analysis() {
  const [days, choose] = useQuery("days", "7");
  const count = days in DAYS ? Number(days) : 7;
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const from = new Date(today - (count - 1) * DAY_MS).toISOString();
  const poll = polled<Analytics>(`/api/oracle/alerts/analytics?${new URLSearchParams({ from, bucket: "1d", limit: "200" })}`, 30_000);
  usePolls(poll);
  useTopics(["event:*"], ({ topic = "" }) => topic.startsWith("event:alert_") && poll.nudge());
  const told = poll.value;
  return (
    <Panel
      id="numbers"
      title="Numbers"
      note={told?.known_from && Date.parse(told.known_from) > Date.parse(from) && <>known since <Time iso={told.known_from} /></>}
      controls={<Choice label="Over" of={Object.entries(DAYS)} value={String(count)} choose={choose} />}
    >
      <Failure poll={poll} what="The numbers" />
      {!told ? <Nothing>{waiting(poll, "the numbers")}</Nothing> : <Told told={told} />}
    </Panel>
  );
}

const COLUMNS: Column<Analytics["items"][number]>[] = [
  {
    head: "Alert",
    names: true,
    tone: "wrap",
    of: ({ alert_id, name }) => (name === null ? <span class="dim">{alert_id} (gone)</span> : <a href={hrefOf("alerts", alert_id)}>{name}</a>),
  },
  { head: "Firings", num: true, of: ({ firings }) => whole(firings) },
  { head: "A day", num: true, class: "wide", tone: "dim", of: ({ per_day }) => orDash(per_day, size) },
  { head: <abbr title="How often it was met and nobody was told">Held back</abbr>, num: true, of: ({ suppressed }) => orDash(suppressed, whole) },
  { head: "Delivered", num: true, of: ({ delivered_share }) => share(delivered_share) },
  { head: "Median", num: true, class: "wide", tone: "dim", of: ({ median_ms }) => millis(median_ms) },
  {
    head: <abbr title="Firings that somebody acknowledged before the next">Acknowledged</abbr>,
    num: true,
    class: "wide",
    of: ({ acknowledged }) => whole(acknowledged),
  },
  { head: "After", num: true, class: "wide", tone: "dim", of: ({ median_ack_s }) => orDash(median_ack_s, seconds) },
  { head: "Last", num: true, class: "wider", tone: "dim", of: ({ last_fired }) => (last_fired ? <Time iso={last_fired} /> : "never") },
];

function Told({ told: { total, buckets, items } }: { told: Analytics }) {
  return (
    <>
      <Cards label="Numbers of all alerts">
        <Card name="Firings" note={total.per_day !== null && `${size(total.per_day)} a day`}>{whole(total.firings)}</Card>
        <Card name="Held back" note="met, and nobody was told">{total.suppressed === null ? "not known" : whole(total.suppressed)}</Card>
        <Card name="Deliveries" note={`${whole(total.failed)} failed, ${whole(total.pending)} under way`}>{whole(total.deliveries)}</Card>
        <Card name="Delivered">{share(total.delivered_share)}</Card>
        <Card name="Time to receipt" note={`p99 ${millis(total.p99_ms)}`}>{millis(total.median_ms)}</Card>
        <Card name="Acknowledged" note={total.median_ack_s !== null && `after ${seconds(total.median_ack_s)} (median)`}>{whole(total.acknowledged)}</Card>
      </Cards>
      {buckets.length > 0 && <Bars label="Firings" counts={buckets.map(({ start, firings }) => ({ day: start.slice(0, 10), count: firings }))} />}
      <Table
        name="Alerts, the noisiest first"
        columns={COLUMNS}
        rows={items}
        row={({ alert_id, enabled }) => ({ key: alert_id, class: enabled === false ? "old" : undefined })}
        empty="There is no alert yet."
      />
    </>
  );
}

function share(value: number | null): string {
  return value === null ? "–" : `${fixed(value * 100, value === 1 || value === 0 ? 0 : 1)} %`;
}

function millis(value: number | null): string {
  return value === null ? "–" : value < 10_000 ? `${size(value)} ms` : seconds(value / 1_000);
}

function seconds(value: number): string {
  return value < 90 ? `${size(value)} s` : span(Math.round(value / 60) * 60);
}
