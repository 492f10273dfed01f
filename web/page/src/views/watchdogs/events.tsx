// What happened, newest first.
import { Fragment } from "preact";
import { useState } from "preact/hooks";
import { localDay } from "../../live/format";
import { usePolls } from "../../live/poll";
import { Ways } from "./detections";
import { Failure, Nothing, Panel, Simulated, Time, waiting } from "../../parts/parts";
import { events, recorded } from "../../live/events";
import { isMadeHere } from "../../live/markets";
import { type Happening, isSimulated, SEVERITIES, type Severity } from "../../live/wire";

export function Events() {
  usePolls(recorded);
  const [least, setLeast] = useState<Severity>("low");
  const floor = SEVERITIES.indexOf(least);
  const shown = events.filter((happening) => SEVERITIES.indexOf(happening.severity) >= floor);
  const made = shown.filter(isMade).length;
  const loud = events.find((happening) => SEVERITIES.indexOf(happening.severity) >= 2);
  return (
    <Panel
      id="events"
      title="Events"
      note={events.length > 0 && (shown.length < events.length ? `${shown.length} of ${events.length}` : `${events.length}`)}
      controls={
        <>
          {made > 0 && made === shown.length && <Simulated />}
          <SeverityChoice least={least} choose={setLeast} />
        </>
      }
    >
      <Failure poll={recorded} what="Recorded events" />
      {/* Only the serious ones are read out; a screen reader that announced all would never stop. */}
      <p class="unseen" aria-live="polite">{loud && `${loud.severity}: ${loud.summary}`}</p>
      {shown.length === 0 ? (
        <Nothing>
          {events.length > 0
            ? "Nothing this severe. Choose a lower severity to see the rest."
            : recorded.value
              ? "Nothing has happened yet. Watchdogs speak when a market does something unusual."
              : waiting(recorded, "the recorded events")}
        </Nothing>
      ) : (
        <ol class="events scroll" tabIndex={0} aria-label="Events, newest first">
          {shown.map((happening, index) => {
            const day = localDay(new Date(happening.ts));
            const above = localDay(index ? new Date(shown[index - 1]!.ts) : new Date());
            return (
              <Fragment key={happening.id}>
                {day !== above && <li class="day">{day}</li>}
                <Row happening={happening} marked={made > 0 && made < shown.length && isMade(happening)} />
              </Fragment>
            );
          })}
        </ol>
      )}
    </Panel>
  );
}

function SeverityChoice({ least, choose }: { least: Severity; choose: (least: Severity) => void }) {
  return (
    <div class="choice" role="radiogroup" aria-label="Least severity shown">
      {SEVERITIES.map((severity) => (
        <label key={severity}>
          <input type="radio" name="least" checked={severity === least} onChange={() => choose(severity)} />
          <span>{severity === "low" ? "all" : severity === "critical" ? severity : `${severity}+`}</span>
        </label>
      ))}
    </div>
  );
}

function Row({ happening, marked }: { happening: Happening; marked: boolean }) {
  const { severity, ts, kind, subject, source, summary, id, cause, data } = happening;
  // Facts are only drawn where somebody looks: hundreds of closed lists would be most of the page.
  const [open, setOpen] = useState(false);
  return (
    <li data-event={id}>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span class={`severity ${severity}`}>{severity}</span>
          <Time iso={ts} bare />
          <span class="what">
            <bdi>{summary || kind}</bdi> {marked && <Simulated />}
          </span>
        </summary>
        {open && (
          <dl>
            <Fact name="kind" value={kind} />
            <Fact name="subject" value={subject} />
            <Fact name="source" value={source} />
            {Object.entries(data).map(([name, value]) => (
              <Fact key={name} name={name} value={typeof value === "string" ? value : JSON.stringify(value)} />
            ))}
            <Fact name="id" value={id} />
            <Fact name="cause" value={cause} />
          </dl>
        )}
      </details>
      <Ways happening={happening} />
    </li>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  if (!value) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** An event about a simulated market is as simulated as its prices; so is an alert about such an event, and its delivery. */
function isMade(happening: Happening): boolean {
  const { provider, event_subject, event } = happening.data;
  if (typeof provider === "string") return isSimulated({ source: provider });
  const told = (event as { metadata?: { simulated?: boolean } } | undefined)?.metadata?.simulated;
  return told ?? (isSimulated(happening) || [happening.subject, event_subject].some((name) => isMadeHere(String(name))));
}
