// Up to a hundred live lines side by side. A panel draws itself in each frame in which its number changed; no list is built
// anew for it.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { useParts } from "../../live/paint";
import { Chart } from "../../parts/chart";
import { Choice } from "../../parts/choice";
import { Nothing, Panel, Simulated } from "../../parts/parts";
import { hrefOf, useQuery } from "../../shell/route";
import { MOST, Series, WallSeries } from "./series";

const WINDOWS = [["1m", "1 min"], ["5m", "5 min"], ["15m", "15 min"]] as const;
const SECONDS: Record<string, number> = { "1m": 60, "5m": 300, "15m": 900 };
const ALL = "quote:*";
/** Up to so many lines are large. */
const ROOMY = 24;

export function Wall() {
  const [chosen, choose] = useQuery("window", "5m");
  const [words, setWords] = useQuery("topics", ALL);
  const length = SECONDS[chosen] ?? 300;
  const wall = useMemo(() => new WallSeries(words.split(/[\s,]+/).filter(Boolean)), [words]);
  useEffect(() => wall.hold(), [wall]);
  useParts(wall.part);
  const all = wall.all();
  const made = all.filter((series) => series.simulated).length;
  return (
    <Panel
      id="wall"
      title="Wall"
      note={all.length > 0 && `${all.length} lines${wall.more ? `, ${wall.more} more are not shown` : ""}`}
      controls={
        <>
          {made > 0 && made === all.length && <Simulated />}
          <Topics words={words} set={setWords} />
          <Choice label="How far back" of={WINDOWS} value={chosen in SECONDS ? (chosen as "5m") : "5m"} choose={choose} />
        </>
      }
    >
      {all.length === 0 ? (
        <Nothing>
          Nothing has been told about <code>{words}</code>. Name up to {MOST} topics, such as <code>quote:*</code>,{" "}
          <code>sample:funding_rate:*</code> or <code>sample:cpu:host</code>; a line begins with the first number.
        </Nothing>
      ) : (
        <ul class={`wall ${all.length > ROOMY ? "dense" : ""}`}>
          {all.map((series) => (
            <Small key={series.topic} series={series} length={length} dense={all.length > ROOMY} marked={series.simulated && made < all.length} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Topics({ words, set }: { words: string; set: (words: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        set(field.current!.value.trim() || ALL);
      }}
    >
      <input key={words} ref={field} class="field topics" aria-label="Topics of the wall" placeholder={ALL} defaultValue={words} />
    </form>
  );
}

interface SmallProps {
  series: Series;
  /** Seconds. */
  length: number;
  dense: boolean;
  /** Whether it carries its own mark: not needed where the whole wall does. */
  marked: boolean;
}

function Small({ series, length, dense, marked }: SmallProps) {
  const letters = dense ? 10 : 26;
  const number = useRef<HTMLOutputElement>(null);
  useEffect(() => series.show(number.current!), [series]);
  return (
    <li data-topic={series.topic}>
      <header>
        {series.symbol ? (
          <a href={hrefOf("markets", series.symbol)} aria-label={series.name} title={series.name}>{cut(series.name, letters)}</a>
        ) : (
          <span title={series.topic}>{cut(series.name, letters)}</span>
        )}
        {marked && <Simulated />}
        <output ref={number} class="num" aria-label={`Newest of ${series.name}`} aria-live="off" />
      </header>
      <Chart
        label={`${series.name}, the newest minutes`}
        part={series.topic}
        lines={LINE}
        read={() => series.view(length)}
        span={() => series.span(length)}
        height={dense ? 54 : 104}
        bare
      />
    </li>
  );
}

function cut(name: string, letters: number): string {
  return name.length > letters ? `${name.slice(0, letters - 1)}…` : name;
}

const LINE = [{ label: "value", colour: "accent" }] as const;
