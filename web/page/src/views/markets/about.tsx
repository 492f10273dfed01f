// Other numbers about a symbol: funding rates, depth of the book, whatever somebody measures.
import { useEffect, useMemo } from "preact/hooks";
import { age, plain, words } from "../../live/format";
import { follow, told } from "../../live/link";
import { items } from "../../live/lists";
import { touch, useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import type { Frame } from "../../live/wire";
import { isSimulated } from "../../live/wire";
import { Failure, Panel, Simulated, waiting } from "../../parts/parts";
import { Table } from "../../parts/table";
import { hrefOf } from "../../shell/route";
import type { Sample } from "./wire";

export function About({ symbol }: { symbol: string }) {
  const list = useMemo(() => polled("/api/oracle/snapshot?topics=sample:*", 60_000, items<Frame>), []);
  usePolls(list);
  const newest = useNewest(symbol, list.value ?? []);
  const rows = [...newest.values()].sort((a, b) => (a.name + a.subject < b.name + b.subject ? -1 : 1));
  const made = rows.filter(isSimulated).length;
  return (
    <Panel id="about" title="Numbers about it" note={rows.length > 0 && `${rows.length}`} controls={made > 0 && made === rows.length && <Simulated />}>
      <Failure poll={list} what="Numbers" />
      <Table
        name={`Numbers about ${symbol}`}
        columns={[
          {
            head: "Name",
            names: true,
            of: (sample) => (
              <>
                <a href={hrefOf("markets", "", { show: "wall", topics: topicOf(sample) })} title="Show it as a live line">{words(sample.name)}</a>{" "}
                {made < rows.length && isSimulated(sample) && <Simulated />}
              </>
            ),
          },
          { head: "Of", tone: "dim", of: ({ subject }) => subject.slice(symbol.length + 1) },
          { head: "Value", num: true, of: ({ value }) => plain(Number(value.toPrecision(6))) },
          { head: "Unit", tone: "dim", of: ({ unit }) => words(unit) },
          { head: "Heard", num: true, class: "wider", tone: "dim", of: ({ ts }) => age((Date.now() - Date.parse(ts)) / 1_000) },
        ]}
        rows={rows}
        row={(sample) => ({ key: topicOf(sample) })}
        empty={
          list.value ? (
            <>
              Nobody measures anything about {symbol}. Feeds of futures tell funding rates; programs push what they like to{" "}
              <code>/api/oracle/push</code> as a sample whose subject is {symbol}.
            </>
          ) : (
            waiting(list, "the numbers")
          )
        }
      />
    </Panel>
  );
}

/** The newest of each name and subject, kept up to date by the stream. */
function useNewest(symbol: string, frames: readonly Frame[]): Map<string, Sample> {
  const part = `about:${symbol}`;
  const newest = useMemo(() => new Map<string, Sample>(), [symbol]);
  const found = frames.map((frame) => told<Sample>(frame)).filter(({ subject }) => subject === symbol || subject.startsWith(`${symbol}:`));
  for (const sample of found) keep(newest, sample);
  const topics = found.map(topicOf).sort();
  useEffect(
    () =>
      follow(topics, (frame) => {
        keep(newest, told<Sample>(frame));
        touch(part);
      }),
    [topics.join(" ")],
  );
  useParts(part, "clock");
  return newest;
}

function keep(newest: Map<string, Sample>, sample: Sample): void {
  const topic = topicOf(sample);
  if ((newest.get(topic)?.ts ?? "") <= sample.ts) newest.set(topic, sample);
}

function topicOf({ name, subject }: Sample): string {
  return `sample:${name}:${subject}`;
}
