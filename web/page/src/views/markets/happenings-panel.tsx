// What happened to the symbol, and the facts of the one that is chosen.
import { useParts } from "../../live/paint";
import type { Happening } from "../../live/wire";
import { Failure, Nothing, Panel, Time } from "../../parts/parts";
import { words } from "../../live/format";
import { hrefOf, useQuery } from "../../shell/route";
import type { Happenings } from "./happenings";

const SHOWN = 60;

export function HappeningsPanel({ happenings }: { happenings: Happenings }) {
  useParts("events");
  const [chosen, choose] = useQuery("event");
  const all = happenings.all();
  const one = all.find(({ id }) => id === chosen);
  return (
    <Panel id="happenings" title="What happened" note={all.length > 0 && `${all.length}`}>
      {happenings.lists.map((list) => (
        <Failure key={list.path} poll={list} what="Recorded events" />
      ))}
      {one ? (
        <Facts happening={one} close={() => choose("")} />
      ) : (
        chosen && happenings.lists.every((list) => list.value) && <Nothing>The event of this address is not among the newest of {happenings.symbol}.</Nothing>
      )}
      {all.length === 0 ? (
        <Nothing>Nothing has happened to {happenings.symbol}. Watchdogs speak when a market does something unusual.</Nothing>
      ) : (
        <ul class="scroll happenings" tabIndex={0} aria-label={`Events about ${happenings.symbol}, newest first`}>
          {all.slice(0, SHOWN).map((happening) => (
            <li key={happening.id}>
              <button type="button" aria-pressed={happening.id === chosen} onClick={() => choose(happening.id === chosen ? "" : happening.id)}>
                <span class={`severity ${happening.severity}`}>{happening.kind === "alert_fired" ? "alert" : happening.severity}</span>
                <Time iso={happening.ts} />
                <span class="what">{happening.summary || words(happening.kind)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Facts({ happening, close }: { happening: Happening; close: () => void }) {
  const { id, kind, subject, source, severity, summary, data, cause, ts } = happening;
  const facts = Object.entries({ kind: words(kind), source, ...data, id, cause }).filter(([, value]) => value !== "" && value !== null);
  const isAlert = kind === "alert_fired";
  return (
    <article class="facts" aria-label="The chosen event">
      <p>
        <span class={`severity ${severity}`}>{severity}</span> <Time iso={ts} /> <strong>{summary || words(kind)}</strong>
      </p>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{words(name)}</dt>
            <dd>{typeof value === "string" ? value : JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
      <p class="line">
        {isAlert ? <a href={hrefOf("alerts", subject)}>Its alert</a> : <a href={hrefOf("alerts", "", { new: id })}>Build a rule on it</a>}
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </p>
    </article>
  );
}
