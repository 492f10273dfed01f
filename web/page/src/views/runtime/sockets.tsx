// Who is told what, live: each client of a stream, how much it was given, and what was left out because it reads too slowly.
import { useState } from "preact/hooks";
import { bytes, short, since } from "../../live/format";
import { tree } from "../../live/lists";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { type Problem } from "../../live/rest";
import type { ActorNode } from "../../live/wire";
import { Failure, Panel, Refusal, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { Restart } from "./restart";

export function Sockets() {
  usePolls(tree);
  useParts("clock");
  const [problem, setProblem] = useState<Problem>();
  const sockets = tree.value?.children.find(({ name }) => name === "sockets")?.children ?? [];
  return (
    <Panel id="sockets" title="Clients of live streams" note={sockets.length > 0 && `${sockets.length}`}>
      <Failure poll={tree} what="The actor tree" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      <Table
        name="Clients of live streams"
        columns={[...ABOUT, { head: "Close", unseen: true, class: "end", of: (socket) => <Restart node={socket} failed={setProblem} /> }]}
        rows={sockets}
        row={({ name }) => ({ key: name, "data-socket": name })}
        empty={tree.value ? "Nobody listens: not even this page, whose stream is down." : waiting(tree, "the clients")}
      />
    </Panel>
  );
}

const SKIPPED = "Messages left out because it reads too slowly; it got the newest of each topic";

const ABOUT: Column<ActorNode>[] = [
  { head: "Client", names: true, of: ({ about }) => <>{about.who} <span class="dim">{about.address}, {about.transport}</span></> },
  { head: "Topics", tone: "condition", title: topics, of: (socket) => topics(socket) || "–" },
  { head: "Told", num: true, of: ({ about: { told = 0 } }) => short(told) },
  {
    head: <abbr title={SKIPPED}>Skipped</abbr>,
    num: true,
    tone: ({ about: { skipped } }) => (skipped ? "warn" : "dim"),
    of: ({ about: { skipped = 0 } }) => short(skipped),
  },
  { head: "Held", num: true, class: "wide", of: ({ about: { held_bytes = 0 } }) => bytes(held_bytes) },
  { head: "Since", num: true, class: "wide", of: (socket) => (socket.since ? since(socket.since) : "–") },
];

function topics({ about: { topics = [] } }: ActorNode): string {
  return topics.join(", ");
}
