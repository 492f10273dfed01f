// The log of a task as it grows: followed unless the reader scrolled up, searched, with the colours of its terminal or without.
import { useEffect, useRef, useState } from "preact/hooks";
import { whole } from "../../live/format";
import { painting, useParts } from "../../live/paint";
import { Nothing, Panel } from "../../parts/parts";
import type { Tail } from "./tail";
import { LogWindow, type Wish } from "./window";

interface LogProps {
  tail: Tail;
  id: string;
  over: boolean;
  /** Read all of it from its first piece on. */
  whole: () => void;
}

export function Log({ tail, id, over, whole: readAll }: LogProps) {
  const host = useRef<HTMLDivElement>(null);
  const sizer = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<LogWindow>();
  const [wish, setWish] = useState<Wish>({ needle: "", colours: true, times: false });
  const [, setTurn] = useState(0);
  const newest = useRef(wish);
  newest.current = wish;
  useParts(tail.part);
  useEffect(() => {
    const made = new LogWindow(host.current!, sizer.current!, rows.current!, tail, () => newest.current, () => setTurn((turn) => turn + 1));
    setSeen(made);
    const leave = painting(tail.part, made.paint);
    made.paint();
    return () => {
      leave();
      made.end();
    };
  }, [tail]);
  // What is seen depends on how large the log is drawn, not only on what was put out.
  useEffect(() => seen?.paint());
  useEffect(() => seen?.seek(), [wish.needle, seen]);
  const change = (more: Partial<Wish>) => setWish({ ...wish, ...more });
  const count = tail.lines.length;
  return (
    <Panel
      id="log"
      title="Output"
      note={count > 0 ? `${whole(count)} ${count === 1 ? "line" : "lines"}${over ? "" : ", live"}` : ""}
      controls={
        <>
          <Find seen={seen} needle={wish.needle} change={(needle) => change({ needle })} />
          <button type="button" class="quiet" aria-pressed={wish.times} onClick={() => change({ times: !wish.times })}>Times</button>
          <button type="button" class="quiet" aria-pressed={wish.colours} onClick={() => change({ colours: !wish.colours })}>Colours</button>
        </>
      }
    >
      {tail.problem && <p class="failure" role="status">The output could not be read. {tail.problem.message}</p>}
      {tail.after > 0 && (
        <p class="said dim">
          {whole(tail.after)} earlier pieces are not shown.{" "}
          <button type="button" class="quiet" onClick={readAll}>Read all of it</button>
        </p>
      )}
      {tail.dropped > 0 && <p class="said dim">The first {whole(tail.dropped)} lines are left out here; the file has them.</p>}
      {count === 0 && <Nothing>{tail.ready ? (over ? "It has put out nothing." : "Nothing so far. What it puts out comes here as it does.") : "Reading the output."}</Nothing>}
      <div ref={host} class={`log ${count === 0 ? "none" : ""}`} role="log" aria-live="off" aria-label="Output" tabIndex={0}>
        <div ref={sizer} class="sizer">
          <div ref={rows} />
        </div>
      </div>
      {count > 0 && (
        <p class="said exports">
          {seen && !seen.following && (
            <button type="button" class="quiet strong" onClick={() => seen.follow()}>Follow</button>
          )}{" "}
          As <a href={`/api/oracle/export?what=output&run=${encodeURIComponent(id)}&format=csv`}>CSV</a>{" "}
          <a href={`/api/oracle/export?what=output&run=${encodeURIComponent(id)}&format=parquet`}>Parquet</a>
        </p>
      )}
    </Panel>
  );
}

function Find({ seen, needle, change }: { seen: LogWindow | undefined; needle: string; change: (needle: string) => void }) {
  const found = seen?.found.length ?? 0;
  return (
    <span class="find">
      <input
        class="field"
        type="search"
        aria-label="Find in the output"
        placeholder="Find"
        value={needle}
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") seen?.step(event.shiftKey ? -1 : 1);
        }}
      />
      {needle && (
        <>
          <span class="dim num" role="status">{found === 0 ? "none" : `${seen!.chosen + 1} of ${whole(found)}`}</span>
          <button type="button" class="quiet" aria-label="Found before" disabled={found === 0} onClick={() => seen?.step(-1)}>↑</button>
          <button type="button" class="quiet" aria-label="Found next" disabled={found === 0} onClick={() => seen?.step(1)}>↓</button>
        </>
      )}
    </span>
  );
}
