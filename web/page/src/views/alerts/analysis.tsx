// How the alerts do: how often they fire, the noisiest first, whether and how fast people are told, and how soon somebody looks.
import { fixed, size, span, whole } from "../../live/format";
import { useTopics } from "../../live/link";
import { polled, usePolls } from "../../live/poll";
import { Bars } from "../../parts/bars";
import { Card, Cards } from "../../parts/card";
import { Choice } from "../../parts/choice";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
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
      {items.length === 0 ? (
        <Nothing>There is no alert yet.</Nothing>
      ) : (
        <Scroll label="Alerts, the noisiest first">
          <table aria-label="Alerts, the noisiest first">
            <thead>
              <tr>
                <th scope="col">Alert</th>
                <th scope="col" class="num">Firings</th>
                <th scope="col" class="num wide">A day</th>
                <th scope="col" class="num"><abbr title="How often it was met and nobody was told">Held back</abbr></th>
                <th scope="col" class="num">Delivered</th>
                <th scope="col" class="num wide">Median</th>
                <th scope="col" class="num wide"><abbr title="Firings that somebody acknowledged before the next">Acknowledged</abbr></th>
                <th scope="col" class="num wide">After</th>
                <th scope="col" class="num wider">Last</th>
              </tr>
            </thead>
            <tbody>
              {items.map((one) => (
                <tr key={one.alert_id} class={one.enabled === false ? "old" : undefined}>
                  <th scope="row" class="wrap">{one.name === null ? <span class="dim">{one.alert_id} (gone)</span> : <a href={hrefOf("alerts", one.alert_id)}>{one.name}</a>}</th>
                  <td class="num">{whole(one.firings)}</td>
                  <td class="num wide dim">{one.per_day === null ? "–" : size(one.per_day)}</td>
                  <td class="num">{one.suppressed === null ? "–" : whole(one.suppressed)}</td>
                  <td class="num">{share(one.delivered_share)}</td>
                  <td class="num wide dim">{millis(one.median_ms)}</td>
                  <td class="num wide">{whole(one.acknowledged)}</td>
                  <td class="num wide dim">{one.median_ack_s === null ? "–" : seconds(one.median_ack_s)}</td>
                  <td class="num wider dim">{one.last_fired ? <Time iso={one.last_fired} /> : "never"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
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
