// Each connection to what is outside: whether it is there, how much comes, how late, and what went wrong last.
import { useState } from "preact/hooks";
import { fixed, short, since, whole } from "../../live/format";
import { tree } from "../../live/lists";
import { useParts } from "../../live/paint";
import { usePolls } from "../../live/poll";
import { type Problem } from "../../live/rest";
import type { ActorNode } from "../../live/wire";
import { Failure, Nothing, Panel, Refusal, Simulated, waiting } from "../../parts/parts";
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
      {feeds.length === 0 ? (
        <Nothing>
          {tree.value ? (
            <>
              No feed is set. Name one under <code>[feeds]</code> in settings.toml, or start with{" "}
              <code>oracle serve --feed binance:BTC-USDT</code>.
            </>
          ) : (
            waiting(tree, "the feeds")
          )}
        </Nothing>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Feed</th>
                <th scope="col">State</th>
                <th scope="col" class="num">Newest</th>
                <th scope="col" class="num">Messages</th>
                <th scope="col" class="num wide"><abbr title="From the venue's time to ours, of the newest message">Lag</abbr></th>
                <th scope="col" class="num wide"><abbr title="Connections lost or refused">Failures</abbr></th>
                <th scope="col"><span class="unseen">Restart</span></th>
              </tr>
            </thead>
            <tbody>
              {feeds.map((feed) => (
                <Row key={feed.name} feed={feed} failed={setProblem} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Row({ feed, failed }: { feed: ActorNode; failed: (problem: Problem | undefined) => void }) {
  const { connected, stale, messages, failures, lag_ms, last_frame, last_error } = feed.about;
  const health = feed.state !== "running" ? feed.state : !connected ? "backing_off" : stale ? "degraded" : "running";
  const words = feed.state !== "running" ? feed.state : !connected ? "not connected" : stale ? "silent" : "connected";
  const why = feed.last_error ?? last_error;
  return (
    <tr data-feed={feed.name}>
      <th scope="row">
        {feed.name.slice("feed:".length)} {feed.name === "feed:simulated" && <Simulated />}
      </th>
      <td class="condition" title={why ?? undefined}>
        <span class={`health ${health}`}>{words.replaceAll("_", " ")}</span>
        {why && <span class="dim"> {why}</span>}
      </td>
      <td class="num">{last_frame ? `${since(last_frame)} ago` : "never"}</td>
      <td class="num">{messages === undefined ? "–" : short(messages)}</td>
      <td class="num wide">{lag_ms === undefined ? "–" : `${fixed(lag_ms, 1)} ms`}</td>
      <td class={`num wide ${failures ? "warn" : "dim"}`}>{failures === undefined ? "–" : whole(failures)}</td>
      <td class="end">
        <Restart node={feed} failed={failed} />
      </td>
    </tr>
  );
}
