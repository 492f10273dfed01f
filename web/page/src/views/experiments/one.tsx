// One experiment: its curves as they grow, its clients, what happened to it, what it was told to do, and what came of it.
import { useEffect, useState } from "preact/hooks";
import { fixed, orDash, plain, short, shortTime, whole, words } from "../../live/format";
import { follow } from "../../live/link";
import { items } from "../../live/lists";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import type { Problem } from "../../live/rest";
import { isOver, pathOf } from "../../live/run";
import { tookOf, newest, useMoves } from "../../live/runs";
import type { Happening, Run } from "../../live/wire";
import { Card, Cards } from "../../parts/card";
import { attempt, Failure, Nothing, Panel, Refusal, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { useCommands } from "../../shell/commands";
import { hrefOf } from "../../shell/route";
import { Curves, share } from "./curves";
import { allowed, control, Deeds, WORDS } from "./doing";
import { Standing } from "./list";
import { clientsOf, figuresOf, paramsOf, type Round, roundsOf } from "./wire";

export function One({ id }: { id: string }) {
  const read = polled<Run>(pathOf(id), 300_000);
  const [problem, setProblem] = useState<Problem>();
  usePolls(read);
  useParts(`run:${id}`, "clock");
  useMoves("experiment", read);
  const known = read.value;
  useCommands(() => (known ? allowed(newest(known)) : [])
    .filter((action) => action !== "abort")
    .map((action) => ({ title: `${WORDS[action]} ${known!.name || id}`, group: "experiment", run: () => void attempt(() => control(id, action)).then(setProblem) })));
  if (!known || known.kind !== "experiment") {
    return (
      <Panel id="experiment" title={id}>
        <Failure poll={read} what="The experiment" />
        <Nothing>
          {known ? "That is no experiment. " : waiting(read, "the experiment")} <a href={hrefOf("experiments")}>All experiments</a>
        </Nothing>
      </Panel>
    );
  }
  const run = newest(known);
  const { description } = paramsOf(run);
  return (
    <>
      <Panel
        id="experiment"
        title={run.name || id}
        note={<><Standing run={run} /> <span class="dim">{id}</span></>}
        controls={
          <>
            <Deeds run={run} failed={setProblem} done={() => read.nudge()} />
            <a class="quiet" href={hrefOf("experiments", "", { compare: id })}>Compare</a>
            <a href={hrefOf("experiments")}>All</a>
          </>
        }
      >
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
        <Failure poll={read} what="The experiment" />
        {run.error && <p class="failure">{run.error}</p>}
        {description && <p class="said">{description}</p>}
        {((run.facts?.notes as string[] | undefined) ?? []).map((note) => <p key={note} class="said warn">{note}</p>)}
        <Numbers run={run} />
        {roundsOf(run).length > 0 ? <Curves run={run} /> : <Nothing>{beforeFirst(run)}</Nothing>}
        <Exports id={id} />
      </Panel>
      <div class="columns">
        <div class="column">
          <Clients run={run} />
          <Told run={run} />
        </div>
        <div class="column">
          <Timeline id={id} />
          <Rounds run={run} />
        </div>
      </div>
    </>
  );
}

function beforeFirst(run: Run): string {
  if (isOver(run)) return "It ended before its first round.";
  const at = run.facts?.scheduled_us;
  if (run.status === "created" && typeof at === "number") return `It begins by itself at ${shortTime(at / 1_000)}.`;
  if (run.status === "created") return "Its curves begin with the first round. Start it.";
  return "Its curves begin with the first round.";
}

function Numbers({ run }: { run: Run }) {
  const { rounds, total, accuracy, loss } = figuresOf(run);
  const history = roundsOf(run);
  const best = Math.max(...history.map((round) => round.accuracy ?? -1));
  const bytes = history.reduce((sum, round) => sum + (round.bytes ?? 0), 0);
  return (
    <Cards label="How far it is">
      <Card name="Round" note={<progress value={run.progress} max={1} aria-label="Progress" />}>{rounds} of {total}</Card>
      <Card name="Accuracy" note={best >= 0 && `best ${share(best)}`}>{accuracy === null ? "–" : share(accuracy)}</Card>
      <Card name="Loss">{loss === null ? "–" : fixed(loss, 4)}</Card>
      <Card name="Gain a round" note="over the last five">{gain(history)}</Card>
      <Card name="Sent" note="both ways, over the simulated network">{short(bytes)}B</Card>
      <Card name="Took" note={run.started && <>since <Time iso={run.started} /></>}>{tookOf(run)}</Card>
    </Cards>
  );
}

/** The mean rise of the accuracy over the last five rounds, in points of a percent. */
function gain(history: ReturnType<typeof roundsOf>): string {
  const last = history.filter(({ accuracy }) => accuracy !== null).slice(-6);
  const [from, to] = [last[0], last.at(-1)];
  if (!from || !to || from === to) return "–";
  const points = ((to.accuracy! - from.accuracy!) / (to.round - from.round)) * 100;
  return `${points < 0 ? "−" : "+"}${fixed(Math.abs(points), 2)} points`;
}

function Exports({ id }: { id: string }) {
  const link = (what: string, format: string) => `/api/oracle/export?what=${what}&run=${encodeURIComponent(id)}&format=${format}`;
  return (
    <p class="said exports">
      Rounds as <a href={link("samples", "csv")}>CSV</a> <a href={link("samples", "parquet")}>Parquet</a>, events as{" "}
      <a href={link("events", "csv")}>CSV</a>, all of it as{" "}
      <a href={pathOf(id)}>JSON</a>
    </p>
  );
}

function Clients({ run }: { run: Run }) {
  const clients = clientsOf(run);
  return (
    <Panel id="clients" title="Clients" note={clients.length > 0 && whole(clients.length)}>
      <Table
        name="Clients"
        tall
        columns={[
          { head: "Client", names: true, of: ({ id }) => id },
          {
            head: "Status",
            of: ({ status }) => <span class={`runstate ${status}`}>{isOver(run) && status === "training" ? "idle" : words(status)}</span>,
          },
          { head: "Accuracy", num: true, of: ({ accuracy }) => orDash(accuracy, share) },
          { head: "Loss", num: true, of: ({ loss }) => orDash(loss, loss3) },
          { head: "Heard", class: "wide", of: ({ last_update_us: us }) => (us ? <Time iso={new Date(us / 1_000).toISOString()} /> : "–") },
        ]}
        rows={clients}
        row={({ id }) => ({ key: id, "data-client": id })}
        empty="Clients are known once it trains."
      />
    </Panel>
  );
}

function Timeline({ id }: { id: string }) {
  const subject = `run:${id}`;
  const events = polled(`/api/oracle/events?subject=${encodeURIComponent(subject)}&order=desc&limit=200`, 120_000, items<Happening>);
  usePolls(events);
  useEffect(() => follow(["event:*"], (frame) => {
    if (frame.topic!.endsWith(`:${subject}`)) events.nudge();
  }), [subject]);
  const rows = events.value;
  return (
    <Panel id="timeline" title="Timeline">
      <Failure poll={events} what="The timeline" />
      {!rows?.length ? (
        <Nothing>{rows ? "Nothing is recorded of it." : waiting(events, "the timeline")}</Nothing>
      ) : (
        <ol class="timeline scroll" aria-label="Timeline, newest first" tabIndex={0}>
          {rows.map((event) => (
            <li key={event.id}>
              <Time iso={event.ts} /> <span>{saidOf(event)}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

function saidOf({ summary, data }: Happening): string {
  const reason = typeof data.reason === "string" ? data.reason : "";
  return reason && !summary.includes(reason) ? `${summary}: ${reason}` : summary;
}

const loss3 = (value: number) => fixed(value, 3);

const ROUNDS: Column<Round>[] = [
  { head: "Round", num: true, names: true, of: ({ round }) => round },
  { head: "Accuracy", num: true, of: ({ accuracy }) => orDash(accuracy, share) },
  { head: "Loss", num: true, of: ({ loss }) => orDash(loss, loss3) },
  { head: "Clients", num: true, of: ({ clients }) => clients },
  { head: "Sent", num: true, class: "wide", of: (round) => `${short(round.bytes)}B` },
  { head: "Lasted", num: true, of: ({ duration_s }) => orDash(duration_s, (value) => `${fixed(value, 2)} s`) },
];

function Rounds({ run }: { run: Run }) {
  const rounds = roundsOf(run);
  if (rounds.length === 0) return null;
  return (
    <Panel id="rounds" title="Rounds">
      <Table name="Rounds, newest first" tall columns={ROUNDS} rows={[...rounds].reverse()} row={({ round }) => ({ key: round })} />
    </Panel>
  );
}

function Told({ run }: { run: Run }) {
  const { scenario, configuration, network_settings, policies } = paramsOf(run);
  const rows = Object.entries({ scenario, ...configuration, ...network_settings, policies: policies.join(", ") || "none" });
  const came = Object.entries(run.result ?? {}).filter(([, value]) => typeof value === "number" || typeof value === "string");
  return (
    <Panel id="configuration" title="Configuration and results">
      <dl class="pairs">
        {rows.map(([name, value]) => <Pair key={name} name={name} value={value} />)}
      </dl>
      <h3>Results</h3>
      {came.length === 0 ? (
        <Nothing>{isOver(run) ? "It came to nothing." : "They are there once it is over."}</Nothing>
      ) : (
        <dl class="pairs">
          {came.map(([name, value]) => <Pair key={name} name={name} value={value} />)}
        </dl>
      )}
    </Panel>
  );
}

function Pair({ name, value }: { name: string; value: unknown }) {
  return (
    <div>
      <dt>{named(name)}</dt>
      <dd class="num">{valueOf(value)}</dd>
    </div>
  );
}

/** `duration_s` is a duration in seconds. */
function named(name: string): string {
  return name.endsWith("_s") ? `${words(name.slice(0, -2))}, s` : words(name);
}

export function valueOf(value: unknown): string {
  if (typeof value === "number") return plain(Number.isInteger(value) ? value : Number(value.toPrecision(5)));
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "–" : JSON.stringify(value);
}
