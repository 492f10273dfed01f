// One watchdog: how it is, what it said, what it is set to, what it left out, and what it would have said.
import { useState } from "preact/hooks";
import { hrefOf } from "../../shell/route";
import { plain, whole, words } from "../../live/format";
import { Card, Cards } from "../../parts/card";
import { attempt, Failure, Nothing, Panel, Refusal, RestartButton, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import type { Problem } from "../../live/rest";
import { Backtest } from "./backtest";
import { Detections } from "./detections";
import { ask, dogs, useDogs } from "./dogs";
import { DogSwitch, healthOf } from "./list";
import type { Dog, Setting } from "./wire";

export function DogPage({ name }: { name: string }) {
  const known = useDogs();
  const dog = known?.find((one) => one.name === name);
  if (!dog) {
    return (
      <Panel id="dog" title={name}>
        <Failure poll={dogs} what="Watchdogs" />
        <Nothing>{known ? <>No watchdog has this name. <a href={hrefOf("watchdogs")}>All watchdogs</a> shows those there are.</> : waiting(dogs, "the watchdogs")}</Nothing>
      </Panel>
    );
  }
  return (
    <>
      <p class="crumbs"><a href={hrefOf("watchdogs")}>All watchdogs</a></p>
      <Standing dog={dog} />
      <div class="columns wide-left">
        <div class="column">
          <Detections dog={dog} />
          <Backtest dog={dog} />
        </div>
        <div class="column">
          <Settings dog={dog} />
          <Ignored dog={dog} />
        </div>
      </div>
    </>
  );
}

function Standing({ dog }: { dog: Dog }) {
  const [problem, setProblem] = useState<Problem>();
  const health = healthOf(dog);
  return (
    <Panel
      id="dog"
      title={dog.name}
      note={dog.kind !== dog.name && `kind ${dog.kind}`}
      controls={
        <>
          <RestartButton what={`watchdog ${dog.name}`} disabled={!dog.enabled} press={() => void attempt(() => ask(dog.name, "restart")).then(setProblem)} />
          <DogSwitch dog={dog} failed={setProblem} />
        </>
      }
    >
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      <p class="prose">
        <span class={`health ${health}`}>{health}</span>
        {dog.reason && <span class="dim">: {dog.reason}</span>}
      </p>
      {dog.doc && <p class="prose dim">{tidy(dog.doc)}</p>}
      <Cards label={`How ${dog.name} does`}>
        <Card name="Checks" note="over all lives">{whole(dog.total_checks)}</Card>
        <Card name="Failed" note={`the last ${whole(dog.consecutive_failures)} in a row`}>{whole(dog.errors)}</Card>
        <Card name="Last check">{dog.last_check ? <Time iso={dog.last_check} /> : "never"}</Card>
        <Card name="Detections" note="over all lives">{whole(dog.events_emitted)}</Card>
        <Card name="Last one">{dog.last_event ? <Time iso={dog.last_event} /> : "never"}</Card>
        <Card name="Restarts" note={dog.since ? <>this life since <Time iso={dog.since} /></> : "not alive"}>{whole(dog.restarts)}</Card>
      </Cards>
      {dog.listens.length > 0 && (
        <p class="prose dim">
          Listens to {dog.listens.map((topic, place) => <>{place > 0 && ", "}<code>{topic}</code></>)}
        </p>
      )}
    </Panel>
  );
}

/** The first paragraph, without the marks of code. */
function tidy(doc: string): string {
  return doc.split(/\n\s*\n/).slice(0, 2).join(" ").replaceAll("`", "").replace(/\s+/g, " ");
}

const SETTINGS: Column<Setting>[] = [
  { head: "Setting", names: true, of: ({ name, doc }) => <><code>{name}</code>{doc && <span class="doc dim">{doc}</span>}</> },
  {
    head: "Value",
    num: true,
    title: (setting) => (same(setting) ? "the default" : `the default is ${valueOf({ ...setting, value: setting.default })}`),
    of: (setting) => <>{valueOf(setting)} {!same(setting) && <span class="dim">changed</span>}</>,
  },
];

function Settings({ dog }: { dog: Dog }) {
  return (
    <Panel id="settings" title="Settings" note="as this server runs it">
      <Table
        name={`Settings of ${dog.name}`}
        class="settings"
        columns={SETTINGS}
        rows={dog.settings}
        row={({ name }) => ({ key: name })}
        empty="Its class says nothing of its settings."
      />
      <p class="nothing">They are set under <code>[watchdogs.{dog.name}]</code> in settings.toml, and are read at the start. Try others below, in the backtest.</p>
    </Panel>
  );
}

function same({ value, default: initial }: Setting): boolean {
  return JSON.stringify(value) === JSON.stringify(initial);
}

/** As people read it, with its unit. */
export function valueOf({ value, unit }: Pick<Setting, "value" | "unit">): string {
  if (value === null || value === undefined) return "not set";
  if (Array.isArray(value)) return value.join(", ") || "none";
  if (typeof value === "number") return `${plain(value)}${unit === "%" ? " %" : unit && ` ${unit}`}`;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${name} ${String(one)}`).join(", ") || "none";
  return String(value);
}

function Ignored({ dog }: { dog: Dog }) {
  const reasons = Object.entries(dog.ignored).sort(([, a], [, b]) => b - a);
  return (
    <Panel id="ignored" title="Left out" note={reasons.length > 0 && "messages it did not take, in this life"}>
      <Table
        name="Messages left out"
        columns={[
          { head: "Reason", names: true, of: ([reason]) => words(reason) },
          { head: "Messages", num: true, of: ([, count]) => whole(count) },
        ]}
        rows={reasons}
        row={([reason]) => ({ key: reason })}
        empty="It has taken everything it was told in this life."
      />
    </Panel>
  );
}
