// Who is told what, live: each client of a stream, how much it was given, and what was left out because it reads too slowly.
import { useState } from "preact/hooks";
import { bytes, short, since } from "../../live/format";
import { tree } from "../../live/lists";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { type Problem } from "../../live/rest";
import type { ActorNode } from "../../live/wire";
import { Failure, Nothing, Panel, Refusal, waiting } from "../../parts/parts";
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
      {sockets.length === 0 ? (
        <Nothing>{tree.value ? "Nobody listens: not even this page, whose stream is down." : waiting(tree, "the clients")}</Nothing>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Client</th>
                <th scope="col">Topics</th>
                <th scope="col" class="num">Told</th>
                <th scope="col" class="num"><abbr title="Messages left out because it reads too slowly; it got the newest of each topic">Skipped</abbr></th>
                <th scope="col" class="num wide">Held</th>
                <th scope="col" class="num wide">Since</th>
                <th scope="col"><span class="unseen">Close</span></th>
              </tr>
            </thead>
            <tbody>
              {sockets.map((socket) => (
                <Row key={socket.name} socket={socket} failed={setProblem} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Row({ socket, failed }: { socket: ActorNode; failed: (problem: Problem | undefined) => void }) {
  const { who, address, transport, topics = [], told = 0, skipped = 0, held_bytes = 0 } = socket.about;
  return (
    <tr data-socket={socket.name}>
      <th scope="row">
        {who} <span class="dim">{address}, {transport}</span>
      </th>
      <td class="condition" title={topics.join(", ")}>
        {topics.join(", ") || "–"}
      </td>
      <td class="num">{short(told)}</td>
      <td class={`num ${skipped ? "warn" : "dim"}`}>{short(skipped)}</td>
      <td class="num wide">{bytes(held_bytes)}</td>
      <td class="num wide">{socket.since ? since(socket.since) : "–"}</td>
      <td class="end">
        <Restart node={socket} failed={failed} />
      </td>
    </tr>
  );
}
