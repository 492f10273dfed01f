// The server's own numbers, and the last minutes of them.
import { age, bytes, fixed, short, whole } from "../../live/format";
import { stream } from "../../live/link";
import { tree } from "../../live/lists";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { guards, tripped } from "../../live/risk";
import { course, type Vitals, vitals } from "../../live/vitals";
import type { ActorNode } from "../../live/wire";
import { Card, Cards } from "../../parts/card";
import { Chart, type Line } from "../../parts/chart";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";

const LINES: Line[] = [
  { label: "messages/s", colour: "accent", fill: true, text: (value) => short(value) },
  { label: "processor %", colour: "amber", scale: "%", text: (value) => `${fixed(value, 0)}%` },
];
const SHOWN_S = 300;

export function System() {
  usePolls(vitals, tree);
  useParts("risk", "clock", "link");
  const now = vitals.value;
  return (
    <Panel id="system" title="System" note={now && `oracle ${now.version}, up ${age((Date.parse(now.now) - Date.parse(now.started)) / 1_000)}`}>
      <Failure poll={vitals} what="The server's numbers" />
      {!now ? (
        <Nothing>{waiting(vitals, "the server's numbers")}</Nothing>
      ) : (
        <>
          <Numbers now={now} />
          <Chart
            label="Messages a second over the bus and processor time, the last five minutes"
            part="vitals"
            lines={LINES}
            read={() => {
              const [at, messages, cpu] = course.view();
              return [at!, messages!, cpu!];
            }}
            span={() => [Date.now() / 1_000 - SHOWN_S, Date.now() / 1_000]}
            height={150}
            floor={0}
          />
        </>
      )}
    </Panel>
  );
}

function Numbers({ now }: { now: Vitals }) {
  const feeds = tree.value?.children.find(({ name }) => name === "feeds")?.children ?? [];
  const well = feeds.filter(isWell).length;
  const { history } = now;
  const broken = now.not_ready.length;
  const stops = tripped();
  return (
    <Cards label="The server's numbers">
      <Card name="State" tone={broken ? "warn" : "up"} note={broken ? now.not_ready.map(({ name }) => name).join(", ") : `${now.parts} parts work`}>
        {broken ? "degraded" : "ready"}
      </Card>
      <Card name="Trading" tone={stops.length ? "down" : "up"} note={stops.map(([ref]) => ref.split(":")[1]).join(", ") || `${guards.size} guards are off`}>
        {stops.some(([ref]) => ref.startsWith("switch:")) ? "stopped" : stops.length ? "limited" : "may go on"}
      </Card>
      <Card name="Messages/s" note={`${short(now.published)} since the start`}>{short(Math.round(course.last(1) ?? 0))}</Card>
      <Card name="Feeds" tone={well < feeds.length ? "warn" : ""} note={feeds.length ? feeds.map(({ name }) => name.slice(5)).join(", ") : "none is set"}>
        {well} of {feeds.length}
      </Card>
      <Card name="Processor" note={`${fixed(now.all_cpu_pct ?? 0, 0)}% with workers`} title="Of one processor, over the last five seconds">
        {now.cpu_pct === null ? "–" : `${fixed(now.cpu_pct, 0)}%`}
      </Card>
      <Card name="Memory" note={`${bytes(now.all_memory_mb * 1e6)} with workers`}>{bytes(now.memory_mb * 1e6)}</Card>
      <Card name="History" tone={history.state === "ok" ? "" : "down"} note={history.last_error ?? `${whole(history.pending)} wait, ${fixed(history.commit_ms_p50, 1)} ms a commit`}>
        {history.state === "ok" ? `${short(Math.round(course.last(4) ?? 0))} rows/s` : "down"}
      </Card>
      <Card name="Not stored" tone={history.rows_lost ? "down" : ""} note="rows since the start">{whole(history.rows_lost)}</Card>
      <Card name="Clients" note={`${whole(now.connections ?? 0)} connections`}>{whole(now.sockets)}</Card>
      <Card name="This page" tone={stream.skipped ? "warn" : ""} note={`${short(stream.frames)} frames`} title="What the server left out because this page read too slowly">
        {stream.skipped ? `skipped ${short(stream.skipped)}` : "skipped 0"}
      </Card>
    </Cards>
  );
}

export function isWell({ state, about }: ActorNode): boolean {
  return state === "running" && about.connected !== false && about.stale !== true;
}
