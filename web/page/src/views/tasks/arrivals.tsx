// What came in by webhooks, newest first, with what was delivered and how it became a task.
import { useState } from "preact/hooks";
import { polled, usePolls } from "../../live/poll";
import { words } from "../../live/format";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { hrefOf } from "../../shell/route";
import type { Arrival } from "./wire";

export const arrivals = () => polled<Arrival[]>("/api/webhooks/events?limit=50", 60_000);

interface Whole extends Arrival {
  sender: string;
  flow_id: string | null;
  title: string;
  url: string;
  payload: unknown;
}

const ABOUT: Column<Arrival>[] = [
  { head: "At", of: ({ created_at }) => <Time iso={created_at} /> },
  { head: "Event", names: true, of: ({ event_type }) => event_type },
  { head: "Webhook", class: "wide", of: ({ webhook_id }) => webhook_id },
  { head: "Called", of: ({ matched_command }) => matched_command ?? <span class="dim">nothing</span> },
  { head: "Task", of: ({ task_id }) => (task_id ? <a href={hrefOf("tasks", task_id)}>{task_id}</a> : <span class="dim">none</span>) },
  { head: "Answered", class: "wider", of: ({ response_sent }) => (response_sent ? "yes" : <span class="dim">no</span>) },
];

export function Arrivals() {
  const read = arrivals();
  const [open, setOpen] = useState("");
  usePolls(read);
  const all = read.value;
  return (
    <Panel id="arrivals" title="Came in" note={all && all.length === 50 ? "the newest 50" : ""}>
      <Failure poll={read} what="What came in" />
      <Table
        name="What came in"
        columns={[
          ...ABOUT,
          {
            head: "Deeds",
            unseen: true,
            class: "end",
            of: ({ event_id: id }) => (
              <button type="button" class="quiet" aria-expanded={open === id} onClick={() => setOpen(open === id ? "" : id)}>
                What
              </button>
            ),
          },
        ]}
        rows={all ?? []}
        row={({ event_id }) => ({ key: event_id, "data-arrival": event_id })}
        below={({ event_id }) => open === event_id && <What id={event_id} />}
        empty={all ? "Nothing yet. A delivery that is signed with a webhook's secret comes here, and is answered at once." : waiting(read, "what came in")}
      />
    </Panel>
  );
}

function What({ id }: { id: string }) {
  const read = polled<Whole>(`/api/webhooks/events/${encodeURIComponent(id)}`, 600_000);
  usePolls(read);
  const one = read.value;
  if (!one) return <Nothing>{read.problem?.message ?? "Reading what was delivered."}</Nothing>;
  const facts = { sender: one.sender, title: one.title, flow_id: one.flow_id, url: one.url };
  return (
    <div class="drawer">
      <dl class="pairs">
        {Object.entries(facts).filter(([, value]) => value).map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <pre class="payload" tabIndex={0} aria-label="What was delivered">{one.payload === null ? "It is not kept any more." : JSON.stringify(one.payload, null, 2)}</pre>
    </div>
  );
}
