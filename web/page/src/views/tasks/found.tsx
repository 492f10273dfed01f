// Where words stand: in tasks, in what they put out, and in what was said.
import { polled, usePolls } from "../../live/poll";
import { items } from "../../live/lists";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
import { hrefOf } from "../../shell/route";

interface Hit {
  where: string;
  run: string | null;
  conversation: string | null;
  excerpt: string;
  ts: string;
  stream: string | null;
  role: string | null;
}

export function Found({ words }: { words: string }) {
  const path = `/api/oracle/search?limit=50&in=output,messages,tasks&q=${encodeURIComponent(words.slice(0, 200))}`;
  const read = polled(path, 600_000, items<Hit>);
  usePolls(read);
  const hits = read.value;
  return (
    <Panel id="found" title={`Found: ${words}`} note={hits && (hits.length === 50 ? "the newest 50" : String(hits.length))}>
      <Failure poll={read} what="The search" />
      {!hits ? (
        <Nothing>{waiting(read, "all that is kept")}</Nothing>
      ) : hits.length === 0 ? (
        <Nothing>Nowhere in tasks, output and conversations.</Nothing>
      ) : (
        <ul class="hits" aria-label="Found">
          {hits.map((hit, place) => (
            <li key={place}>
              <a href={hit.run ? hrefOf("tasks", hit.run) : hrefOf("tasks", "", { tab: "chat", conversation: hit.conversation ?? "" })}>
                {hit.run ?? hit.conversation}
              </a>{" "}
              <span class="dim">{hit.where}{hit.role && `, ${hit.role}`} <Time iso={hit.ts} /></span>
              <p><Excerpt text={hit.excerpt} words={words} /></p>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Excerpt({ text, words }: { text: string; words: string }) {
  const at = text.toLowerCase().indexOf(words.toLowerCase());
  if (at < 0) return <>{text}</>;
  return <>{text.slice(0, at)}<mark>{text.slice(at, at + words.length)}</mark>{text.slice(at + words.length)}</>;
}
