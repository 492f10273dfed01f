// Every firing with what became of it: who looked after it, what they said, when it was over.
import { useEffect, useState } from "preact/hooks";
import { age, whole } from "../../live/format";
import { useTopics } from "../../live/link";
import { rules } from "../../live/lists";
import { usePolls } from "../../live/poll";
import { SEVERITIES } from "../../live/wire";
import { usePages } from "../../parts/pages";
import { Failure, Panel, Simulated, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { hrefOf, useQuery } from "../../shell/route";
import { Select } from "./deliverylist";
import type { Firing } from "./wire";

const ROWS = 50;
const TYPED_MS = 250;

/** Of all alerts, or of the one that is named. */
export function History({ of = "" }: { of?: string }) {
  usePolls(rules);
  const [text, setText] = useQuery("text");
  const [severity, chooseSeverity] = useQuery("severity");
  const [chosen, chooseRule] = useQuery("rule");
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setText(typed.trim()), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const rule = of || chosen;
  const query = new URLSearchParams({ limit: String(ROWS), ...(rule && { alert_id: rule }), ...(severity && { severity }), ...(text && { text }) });
  const { poll, rows, more } = usePages<Firing>(`/api/oracle/alerts/history?${query}`);
  useTopics(["event:*"], ({ topic = "" }) => topic.startsWith("event:alert_") && poll.nudge());
  const names = new Map(rules.value?.map((one) => [one.alert_id, one.name]));
  const narrowed = text || severity || (!of && chosen);
  return (
    <Panel
      id="history"
      title="History"
      note={rows.length > 0 && `${whole(rows.length)} shown`}
      controls={
        <>
          <input class="field search" type="search" aria-label="Search the history" placeholder="Search words and comments" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
          {!of && <Select label="Alert" value={chosen} choose={chooseRule} all="all alerts" of={[...names]} />}
          <Select label="Severity" value={severity} choose={chooseSeverity} all="every severity" of={SEVERITIES.map((one) => [one, one])} />
        </>
      }
    >
      <Failure poll={poll} what="The history" />
      <Table
        name="Firings, newest first"
        label="Firings"
        columns={[
          ...WHEN,
          { head: "What", tone: "wrap", of: (firing) => <What firing={firing} alone={!!of} /> },
          { head: "What became of it", tone: "wrap", of: (firing) => <Became firing={firing} /> },
        ]}
        rows={rows}
        row={({ id }) => ({ key: id, "data-firing": id })}
        empty={!poll.value ? waiting(poll, "the history") : narrowed ? "Nothing fired that fits. Search for less to see more." : "Nothing has fired yet. Every firing stands here for good, with what people said to it."}
      />
      {more}
    </Panel>
  );
}

const WHEN: Column<Firing>[] = [
  { head: "Fired", tone: "dim", of: ({ ts }) => <Time iso={ts} /> },
  { head: "Severity", of: ({ severity }) => <span class={`severity ${severity}`}>{severity}</span> },
];

/** `alone`: all that are shown are of one alert, which need not be named. */
function What({ firing: { summary, alert_id, name, simulated }, alone }: { firing: Firing; alone: boolean }) {
  const title = (name ?? "").replace(/[\u202a-\u202e\u2066-\u2069]/g, "").trim() || alert_id; // as the server says it in a sentence
  const said = summary.startsWith(`${title}: `) ? summary.slice(title.length + 2) : summary;
  return (
    <>
      {!alone && <>{name !== null ? <a href={hrefOf("alerts", alert_id)}>{name.trim() || alert_id}</a> : <span class="dim">{alert_id} (gone)</span>}: </>}
      <bdi>{said}</bdi> {simulated && <Simulated />}
    </>
  );
}

function Became({ firing: { ts, steps } }: { firing: Firing }) {
  if (steps.length === 0) return <span class="dim">nothing yet</span>;
  return (
    <>
      {steps.map((step) => (
        <div key={step.kind}>
          {step.kind}{step.by && ` by ${step.by}`} <span class="dim">after {age((Date.parse(step.ts) - Date.parse(ts)) / 1_000)}</span>
          {step.comment && <q>{step.comment}</q>}
        </div>
      ))}
    </>
  );
}
