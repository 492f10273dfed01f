// Each connection to what is outside: whether it is there, how much comes, how late, and what went wrong last.
import { useState } from "preact/hooks";
import { fixed, orDash, short, since, whole } from "../../live/format";
import { tree } from "../../live/lists";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { type Problem } from "../../live/rest";
import type { ActorNode } from "../../live/wire";
import { Failure, Panel, Refusal, Simulated, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { Restart } from "./restart";

export function Feeds() {
  usePolls(tree);
  useParts("clock");
  const [problem, setProblem] = useState<Problem>();
  const feeds = tree.value?.children.find(({ name }) => name === "feeds")?.children ?? [];
  return (
    <Panel id="feeds" title="Feeds" note={feeds.length > 0 && `${feeds.length}`}>
      <Failure poll={tree} what="The actor tree" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      <Table
        name="Feeds"
        columns={[...ABOUT, { head: "Restart", unseen: true, class: "end", of: (feed) => <Restart node={feed} failed={setProblem} /> }]}
        rows={feeds}
        row={({ name }) => ({ key: name, "data-feed": name })}
        empty={
          tree.value ? (
            <>
              No feed is set. Name one under <code>[feeds]</code> in settings.toml, or start with{" "}
              <code>oracle serve --feed binance:BTC-USDT</code>.
            </>
          ) : (
            waiting(tree, "the feeds")
          )
        }
      />
    </Panel>
  );
}

const ABOUT: Column<ActorNode>[] = [
  { head: "Feed", names: true, of: ({ name }) => <>{name.slice("feed:".length)} {name === "feed:simulated" && <Simulated />}</> },
  { head: "State", tone: "condition", title: why, of: (feed) => <State feed={feed} /> },
  { head: "Newest", num: true, of: ({ about: { last_frame } }) => (last_frame ? `${since(last_frame)} ago` : "never") },
  { head: "Messages", num: true, of: ({ about: { messages } }) => orDash(messages, short) },
  {
    head: <abbr title="From the venue's time to ours, of the newest message">Lag</abbr>,
    num: true,
    class: "wide",
    of: ({ about: { lag_ms } }) => orDash(lag_ms, (lag) => `${fixed(lag, 1)} ms`),
  },
  {
    head: <abbr title="Connections lost or refused">Failures</abbr>,
    num: true,
    class: "wide",
    tone: ({ about: { failures } }) => (failures ? "warn" : "dim"),
    of: ({ about: { failures } }) => orDash(failures, whole),
  },
];

function why({ last_error, about }: ActorNode): string | undefined {
  return last_error ?? about.last_error ?? undefined;
}

function State({ feed }: { feed: ActorNode }) {
  const { connected, stale } = feed.about;
  const [health, words] = feed.state !== "running" ? [feed.state, feed.state]
    : !connected ? ["backing_off", "not connected"] : stale ? ["degraded", "silent"] : ["running", "connected"];
  return (
    <>
      <span class={`health ${health}`}>{words.replaceAll("_", " ")}</span>
      {why(feed) && <span class="dim"> {why(feed)}</span>}
    </>
  );
}
