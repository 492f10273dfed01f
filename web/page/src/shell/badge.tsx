// The top line: live or not, since when, how fast, and what was left out.
import { useRef } from "preact/hooks";
import { age, short, whole } from "../live/format";
import { useParts } from "../live/paint";
import { Poll, usePolls } from "../live/poll";
import { Simulated } from "../parts/parts";
import { stream } from "../live/link";
import { lockedOut } from "../live/lists";
import { anySimulated } from "../live/markets";

export function Badge({ ask }: { ask: () => void }) {
  useParts("clock", "link");
  const rate = useRate();
  const quiet = stream.heardAt ? (Date.now() - stream.heardAt) / 1_000 : undefined;
  const returned = stream.returned;
  return (
    <header class="top">
      <h1>oracle</h1>
      <span class={`badge ${stream.link}`} role="status" aria-label={`Stream: ${stream.link}`} data-link={stream.link}>
        {stream.link}
      </span>
      {/* Outside the status, else a screen reader would count the seconds aloud. */}
      {quiet !== undefined && quiet >= 3 && <span class="since">last heard {age(quiet)} ago</span>}
      {anySimulated() && <Simulated />}
      {stream.skipped > 0 && (
        <span class="meter" title="This page read more slowly than the server spoke; it got the newest of each instead.">
          {short(stream.skipped)} skipped
        </span>
      )}
      {returned && (returned.missing || Date.now() - returned.at < 30_000) && (
        <span class="meter" role="status" title={returned.missing ? hole(returned.missing) : "Nothing was missed."}>
          {returned.missing ? "messages are missing" : `resumed, ${short(returned.caughtUp)} messages caught up`}
        </span>
      )}
      <span class="place">
        {stream.link === "live" && <span>{whole(rate)}/s</span>}
        {stream.offset >= 0 && (
          <span class="wide" title="Epoch and offset of the newest message seen">
            {stream.epoch.slice(0, 12)}:{stream.offset}
          </span>
        )}
        <button type="button" class="quiet" aria-haspopup="dialog" title="Ctrl+K, or /" onClick={ask}>
          Commands
        </button>
      </span>
    </header>
  );
}

/** What is wrong and what to do, when nothing can be shown as live. */
export function Outage() {
  useParts("clock", "link");
  if (lockedOut()) {
    return (
      <p class="outage" role="alert">
        This server wants a token. Open the address that <code>oracle serve</code> printed; it ends with <code>?token=…</code>
      </p>
    );
  }
  // A restart takes a second or two; a banner that comes and goes would only make the page jump.
  if (stream.link === "live" || stream.tries === 0 || Date.now() - (stream.heardAt || openedAt) < 3_000) return null;
  return <Lost />;
}

/** Asked only while there is no stream: whether anybody is there at all. */
const alive = new Poll("alive", "/healthz", 2_000);

function Lost() {
  usePolls(alive);
  if (alive.value && !alive.problem) {
    return (
      <p class="outage" role="alert">
        The server answers, but its live stream does not. Lists are read every few seconds meanwhile; a proxy in between
        must let WebSockets through.
      </p>
    );
  }
  return (
    <p class="outage" role="alert">
      The server does not answer. If it was stopped, start it with <code>make serve</code>. This page comes back by
      itself; what it shows now is old.
    </p>
  );
}

const WHY: Record<string, string> = {
  beyond_end: "the server was killed before the newest messages were stored",
  unknown_epoch: "the server has another history now",
  too_much: "too many came meanwhile",
  incomplete: "the server did not store all of them",
  unavailable: "the server's history can't be read now",
  too_slow: "this page reads too slowly",
};

function hole(reason: string): string {
  return `While the link was down some messages were missed: ${WHY[reason] ?? reason}. Lists were read anew.`;
}

const openedAt = Date.now();

/** Frames per second over the last five seconds. */
function useRate(): number {
  const marks = useRef<{ at: number; frames: number }[]>([]);
  const list = marks.current;
  const now = performance.now();
  const last = list.at(-1);
  if (!last || now - last.at >= 1_000) list.push({ at: now, frames: stream.frames });
  if (list.length > 6) list.shift();
  const first = list[0]!;
  const newest = list.at(-1)!;
  return newest.at > first.at ? ((newest.frames - first.frames) / (newest.at - first.at)) * 1_000 : 0;
}
