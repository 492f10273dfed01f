// Circuit breakers: while one has tripped no position is opened. None is reset by hand; each is once its cause is gone, and two of
// the causes can be dealt with here.
import { useState } from "preact/hooks";
import { age, fixed } from "../../live/format";
import { useParts } from "../../live/paint";
import { post, type Problem } from "../../live/rest";
import { attempt, Panel, Refusal, Time } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { stream } from "../../live/link";
import { breakers, heartbeats, reconciliations, useKinds } from "./kinds";
import { share } from "./money";
import type { Breaker } from "./wire";

interface About {
  title: string;
  show: (value: number) => string;
  /** What resets it. */
  resets: string;
}

const seconds = (value: number) => age(value);
const ABOUT: Record<string, About> = {
  vix: { title: "VIX", show: (value) => fixed(value, 2), resets: "when the VIX is back below" },
  stale_data: { title: "Stale data", show: seconds, resets: "when a feed speaks again" },
  drawdown: { title: "Drawdown", show: share, resets: "when the equity has recovered" },
  daily_loss: {
    title: "Loss of the day",
    show: (value) => share(Math.max(0, value)),
    resets: "with the next day, or a recovery",
  },
  reconciliation: { title: "Books and broker", show: share, resets: "when both agree again" },
  dead_man_switch: { title: "Operator's heartbeat", show: seconds, resets: "with the next heartbeat" },
};
const HALTS = new Set(["drawdown", "daily_loss", "reconciliation"]);

export function Breakers() {
  useKinds(breakers, heartbeats, reconciliations);
  useParts("clock");
  const [refused, setRefused] = useState<Problem>();
  const rows = Object.keys(ABOUT).flatMap((name) => {
    const breaker = breakers.values.get(name);
    return breaker ? [[name, breaker] as const] : [];
  });
  const tripped = rows.filter(([, { on }]) => on).length;
  return (
    <Panel
      id="breakers"
      title="Circuit breakers"
      note={rows.length > 0 && (tripped === 0 ? "none has tripped" : `${tripped} tripped: no position is opened`)}
    >
      <Refusal problem={refused} clear={() => setRefused(undefined)} />
      <Table
        name="Circuit breakers"
        columns={[
          ...SAID,
          {
            head: "Reset",
            tone: "dim",
            of: ([name, { on }]) => <Deed name={name} failed={setRefused} otherwise={on ? ABOUT[name]!.resets : "–"} />,
          },
        ]}
        rows={rows}
        row={([name]) => ({ key: name, "data-breaker": name })}
        below={([, { on, reason }]) => on && <div class="down reason">{reason}</div>}
        empty={stream.link === "live" ? "No breaker has spoken yet." : "Waiting for the stream."}
      />
    </Panel>
  );
}

const SAID: Column<readonly [string, Breaker]>[] = [
  {
    head: "Breaker",
    names: true,
    of: ([name]) => (
      <>
        {ABOUT[name]!.title} {HALTS.has(name) && <span class="dim wider">halts all</span>}
      </>
    ),
  },
  { head: "State", of: ([, { on }]) => <span class={`state ${on ? "tripped" : "armed"}`}>{on ? "tripped" : "fine"}</span> },
  {
    head: "Now",
    num: true,
    of: ([name, breaker]) => {
      const value = ageOf(name) ?? breaker.value;
      return value === null ? "unavailable" : ABOUT[name]!.show(value);
    },
  },
  { head: "Limit", num: true, tone: "dim", of: ([name, { limit }]) => ABOUT[name]!.show(limit) },
  { head: "Since", class: "wide", tone: "dim", of: ([, { since }]) => <Time iso={since} /> },
];

/** What only grows older is said once in a while; its present age can be told from when it began. */
function ageOf(name: string): number | undefined {
  const beat = name === "dead_man_switch" ? heartbeats.values.get("operator") : undefined;
  return beat && Math.max(0, (Date.now() - Date.parse(beat.at)) / 1_000);
}

const DEEDS: Record<string, readonly [title: string, path: string]> = {
  dead_man_switch: ["I am here", "/api/system/heartbeat"],
  reconciliation: ["Compare now", "/api/oracle/desk/reconcile"],
};

function Deed({ name, failed, otherwise }: { name: string; failed: (problem: Problem | undefined) => void; otherwise: string }) {
  const [asking, setAsking] = useState(false);
  const deed = DEEDS[name];
  if (!deed) return <>{otherwise}</>;
  const [title, path] = deed;
  const act = async () => {
    if (asking) return;
    setAsking(true);
    failed(await attempt(async () => void (await post(path))));
    setAsking(false);
  };
  return (
    <button type="button" class="quiet" aria-busy={asking} title={lastOf(name)} onClick={() => void act()}>
      {title}
    </button>
  );
}

function lastOf(name: string): string {
  const checked = reconciliations.values.get("desk")?.checked;
  const beat = heartbeats.values.get("operator");
  if (name === "reconciliation") return checked ? `Last compared at ${checked}` : "";
  return beat ? `Last heard at ${beat.at}, from ${beat.by}` : "";
}
