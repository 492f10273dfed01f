// What a watchdog said lately: how much each day, where on the price, and each with what can be made of it.
import { useTopics } from "../../live/link";
import { items } from "../../live/lists";
import { polled, usePolls } from "../../live/poll";
import { words } from "../../live/format";
import { hrefOf, useQuery } from "../../shell/route";
import { Bars } from "../../parts/bars";
import { Failure, Nothing, Panel, Simulated, Time, waiting } from "../../parts/parts";
import { PriceLine } from "../../parts/priceline";
import { Table } from "../../parts/table";
import { type Happening } from "../../live/wire";
import { daily, useCounts } from "./dogs";
import type { Dog } from "./wire";

const DAYS = 14;
const SHOWN = 200;
const LEAST_SPAN_MS = 3_600_000;
const MARGIN_MS = 300_000;
const SYMBOL = /^[A-Z0-9.]+(-[A-Z0-9]+)?$/;

export function Detections({ dog }: { dog: Dog }) {
  const query = new URLSearchParams({ source: `watchdog:${dog.name}`, limit: String(SHOWN) });
  const poll = polled(`/api/oracle/events?${query}`, 60_000, items<Happening>);
  usePolls(poll);
  useTopics(["event:*"], ({ data }) => (data as Happening).source === `watchdog:${dog.name}` && poll.nudge());
  const counts = useCounts(DAYS, dog.name);
  const found = poll.value ?? [];
  const subjects = [...new Set(found.map(({ subject }) => subject))].filter(Boolean).sort();
  const [wanted, choose] = useQuery("symbol");
  const subject = subjects.includes(wanted) ? wanted : (found.find((one) => one.subject)?.subject ?? "");
  const made = found.filter((one) => one.simulated).length;
  return (
    <Panel
      id="detections"
      title="Detections"
      note={found.length > 0 && (found.length === SHOWN ? `the last ${SHOWN}` : `${found.length}`)}
      controls={made > 0 && made === found.length && <Simulated />}
    >
      <Failure poll={poll} what="Detections" />
      {found.length === 0 ? (
        <Nothing>{poll.value ? `Nothing yet. It listens to ${dog.listens.join(", ") || "nothing"}; a backtest shows what other settings would have found.` : waiting(poll, "the detections")}</Nothing>
      ) : (
        <>
          {counts && <Bars label="Detections" counts={daily(counts, DAYS)} />}
          {SYMBOL.test(subject) && <Marked subject={subject} subjects={subjects} choose={choose} found={found.filter((one) => one.subject === subject)} />}
          <Table
            name="Detections"
            label="Detections, newest first"
            tall
            columns={[
              { head: "Time", tone: "dim", of: ({ ts }) => <Time iso={ts} /> },
              { head: "Severity", of: ({ severity }) => <span class={`severity ${severity}`}>{severity}</span> },
              {
                head: "What",
                tone: "wrap",
                of: (one) => <><bdi>{one.summary || words(one.kind)}</bdi> {one.simulated && made < found.length && <Simulated />}</>,
              },
              { head: "What can be made of it", unseen: true, class: "end", of: (one) => <Ways happening={one} /> },
            ]}
            rows={found}
            row={({ id }) => ({ key: id, id: `event-${id}`, "data-detection": id, tabIndex: -1 })}
          />
        </>
      )}
    </Panel>
  );
}

/** Where an event leads: a rule on more of its kind, and the chart of what it is about. */
export function Ways({ happening }: { happening: Pick<Happening, "id" | "kind" | "subject" | "summary" | "source"> }) {
  const { id, kind, subject, summary, source } = happening;
  const what = summary || words(kind);
  const trades = SYMBOL.test(subject) && kind !== "exchange_outage";
  return (
    <span class="ways">
      {source.startsWith("watchdog:") && (
        <a href={hrefOf("alerts", "", { new: id })} aria-label={`Build a rule on: ${what}`}>Build a rule</a>
      )}
      {trades && <a href={hrefOf("markets", subject, { event: id })} aria-label={`Chart of ${subject}`}>Chart</a>}
    </span>
  );
}

interface MarkedProps {
  subject: string;
  subjects: string[];
  choose: (subject: string) => void;
  found: Happening[];
}

function Marked({ subject, subjects, choose, found }: MarkedProps) {
  const times = found.map(({ ts }) => Date.parse(ts));
  const last = Math.max(...times);
  const first = Math.min(...times, last - LEAST_SPAN_MS);
  const marks = found.map(({ id, ts, severity, summary }) => ({ id, at: Date.parse(ts), tone: severity, label: `${severity}: ${summary}`, press: () => show(id) }));
  return (
    <>
      <p class="prose line">
        <label>
          On the price of{" "}
          <select class="field" value={subject} onChange={(event) => choose(event.currentTarget.value)}>
            {subjects.map((one) => <option key={one} value={one}>{one}</option>)}
          </select>
        </label>
      </p>
      <PriceLine symbol={subject} from={first - MARGIN_MS} to={last + MARGIN_MS} marks={marks.reverse()} />
    </>
  );
}

/** Bring the line of a mark into sight. */
function show(id: string): void {
  const line = document.getElementById(`event-${id}`);
  line?.scrollIntoView({ block: "nearest" });
  line?.focus({ preventScroll: true });
}
