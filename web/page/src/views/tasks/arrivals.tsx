// What came in by webhooks, newest first, with what was delivered and how it became a task.
import { useState } from "preact/hooks";
import { polled, usePolls } from "../../live/poll";
import { words } from "../../live/format";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
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

export function Arrivals() {
  const read = arrivals();
  const [open, setOpen] = useState("");
  usePolls(read);
  const all = read.value;
  return (
    <Panel id="arrivals" title="Came in" note={all && all.length === 50 ? "the newest 50" : ""}>
      <Failure poll={read} what="What came in" />
      {!all?.length ? (
        <Nothing>{all ? "Nothing yet. A delivery that is signed with a webhook's secret comes here, and is answered at once." : waiting(read, "what came in")}</Nothing>
      ) : (
        <Scroll label="What came in">
          <table>
            <caption class="unseen">What came in</caption>
            <thead>
              <tr>
                <th scope="col">At</th>
                <th scope="col">Event</th>
                <th scope="col" class="wide">Webhook</th>
                <th scope="col">Called</th>
                <th scope="col">Task</th>
                <th scope="col" class="wider">Answered</th>
                <th class="end"><span class="unseen">Deeds</span></th>
              </tr>
            </thead>
            <tbody>
              {all.map((one) => (
                <>
                  <tr key={one.event_id} data-arrival={one.event_id}>
                    <td><Time iso={one.created_at} /></td>
                    <th scope="row">{one.event_type}</th>
                    <td class="wide">{one.webhook_id}</td>
                    <td>{one.matched_command ?? <span class="dim">nothing</span>}</td>
                    <td>{one.task_id ? <a href={hrefOf("tasks", one.task_id)}>{one.task_id}</a> : <span class="dim">none</span>}</td>
                    <td class="wider">{one.response_sent ? "yes" : <span class="dim">no</span>}</td>
                    <td class="end">
                      <button type="button" class="quiet" aria-expanded={open === one.event_id} onClick={() => setOpen(open === one.event_id ? "" : one.event_id)}>
                        What
                      </button>
                    </td>
                  </tr>
                  {open === one.event_id && (
                    <tr key={`${one.event_id} what`}>
                      <td colSpan={7}><What id={one.event_id} /></td>
                    </tr>
                  )}
                </>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
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
