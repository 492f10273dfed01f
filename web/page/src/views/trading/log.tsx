// The terminal's raw events as they were said, by a bot or by our own desk: a tail that can be filtered and held.
import { useEffect, useRef, useState } from "preact/hooks";
import { follow, stream } from "../../live/link";
import { touch, useParts } from "../../live/paint";
import type { Frame } from "../../live/wire";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { useQuery } from "../../shell/route";
import { said, useLists } from "./lists";
import type { Said } from "./plans";

const PART = "trading:log";
const MOST_LINES = 500;
/** Characters. */
const MOST_SHOWN = 150;

interface Line {
  at: string;
  type: string;
  text: string;
}

/** What was heard, oldest first, and what of it stood when the reader held it. */
class Tail {
  readonly lines: Line[] = [];
  held: Line[] | undefined;
  since = 0;

  add(line: Line): void {
    this.lines.push(line);
    if (this.lines.length > MOST_LINES) this.lines.splice(0, this.lines.length - MOST_LINES);
    if (this.held) this.since += 1;
  }

  hold(on: boolean): void {
    this.held = on ? [...this.lines] : undefined;
    this.since = 0;
  }
}

export function Log() {
  useParts(PART);
  useLists(said);
  const tail = useTail();
  const [wanted, setWanted] = useQuery("filter");
  const [held, setHeld] = useState(false);
  const hold = (on: boolean) => {
    tail.hold(on);
    setHeld(on);
  };
  const all = tail.held ?? tail.lines;
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const lines = all.filter(({ type, text }) => words.every((word) => `${type} ${text}`.toLowerCase().includes(word)));
  return (
    <Panel
      id="log"
      title="Event log"
      note={held ? `held; ${tail.since} more since` : `the newest ${MOST_LINES} as they were said`}
      controls={
        <>
          <input
            class="field"
            type="search"
            value={wanted}
            placeholder="Filter"
            aria-label="Filter the log"
            onInput={(event) => setWanted(event.currentTarget.value)}
          />
          <button type="button" class="quiet" aria-pressed={held} onClick={() => hold(!held)}>
            {held ? "Go on" : "Hold"}
          </button>
        </>
      }
    >
      <Failure poll={said} what="The log" />
      {all.length === 0 ? (
        <Nothing>
          {said.value ? (
            <>
              Nothing was said yet. Bots push their events to <code>/api/push</code>; our own desk says its scans and executions
              here too.
            </>
          ) : (
            waiting(said, "the log")
          )}
        </Nothing>
      ) : (
        <Lines lines={lines} follow={!held} />
      )}
    </Panel>
  );
}

/** Kept at its end, unless it is held or the reader has scrolled back. */
function Lines({ lines, follow }: { lines: readonly Line[]; follow: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    if (follow && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    atEnd.current = scrollHeight - scrollTop - clientHeight < 24;
  };
  if (lines.length === 0) return <Nothing>No line has all these words.</Nothing>;
  return (
    <div class="scroll log" ref={box} onScroll={scrolled} tabIndex={0} role="log" aria-label="Event log" aria-live="off">
      <table>
        <caption class="unseen">Events, oldest first</caption>
        <thead class="unseen">
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Type</th>
            <th scope="col">What was said</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(({ at, type, text }, place) => (
            <tr key={`${at} ${type} ${place}`}>
              <td class="dim">{at && <Time iso={at} />}</td>
              <th scope="row">{type}</th>
              <td class="said">
                <Text text={text} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A long one shows its begin until it is opened. */
function Text({ text }: { text: string }) {
  if (text.length <= MOST_SHOWN) return <>{text}</>;
  return (
    <details>
      <summary>{text.slice(0, MOST_SHOWN)}…</summary>
      {text}
    </details>
  );
}

function useTail(): Tail {
  const kept = useRef<Tail>(undefined);
  const tail = (kept.current ??= new Tail());
  useEffect(() => {
    let early: Line[] | undefined = [];
    const take = ({ data, ts = "" }: Frame, fresh: boolean) => {
      if (!fresh && !stream.resuming) return;
      const line = lineOf((data as { data: Said }).data, ts);
      if (early) early.push(line);
      else tail.add(line);
      touch(PART);
    };
    // The list is read once nothing more is missed; what was told meanwhile may be in it, or not.
    const seed = async () => {
      await said.refresh();
      const listed = (said.value ?? []).map((one) => lineOf(one, one.timestamp ?? ""));
      const known = new Set(listed.map(({ type, text }) => `${type} ${text}`));
      tail.lines.splice(0, tail.lines.length, ...listed, ...(early ?? []).filter(({ type, text }) => !known.has(`${type} ${text}`)));
      early = undefined;
      touch(PART);
    };
    return follow(["event:terminal:*"], take, () => void seed());
  }, []);
  return tail;
}

function lineOf({ type = "UNKNOWN", timestamp, ...rest }: Said, at: string): Line {
  return { at: timestamp && !Number.isNaN(Date.parse(timestamp)) ? timestamp : at, type, text: JSON.stringify(rest) };
}
