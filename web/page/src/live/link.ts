// The page's one live stream, and who is told what of it. Views follow topics while they are open; the socket is asked for
// what somebody follows, and for nothing else.
import { useEffect } from "preact/hooks";
import { touch } from "./paint";
import { Stream } from "./stream";
import type { Frame } from "./wire";

/** `fresh` is false while the newest of each topic, or what was missed, is told. */
export type Taker = (frame: Frame, fresh: boolean) => void;

/** Topics whose takers are remembered; past it they are looked up anew. */
const MOST_ROUTES = 5_000;

const takers = new Map<string, Set<Taker>>();
const routes = new Map<string, readonly Taker[]>();
const returns = new Set<() => void>();
/** Who is told when what it follows is told: not asked for yet, and asked for. */
const beginning = new Set<() => void>();
const begun = new Set<() => void>();
let changing = false;

export const stream = new Stream({
  frame(frame, fresh) {
    for (const take of takersOf(frame.topic!)) take(frame, fresh);
  },
  ready() {
    for (const back of returns) back();
  },
  settled() {
    const due = [...begun];
    begun.clear();
    for (const begin of due) begin();
  },
  moved: () => touch("link"),
});

/** Tell `take` each message of some topics (`quote:BTC-USD`, `quote:*`) until the function that is answered is called; first the
 * newest of each that the server retains. `begin` is called once nothing of them is missed any more: who reads what was before
 * reads it then. */
export function follow(patterns: readonly string[], take: Taker, begin?: () => void): () => void {
  if (begin) beginning.add(begin);
  for (const pattern of patterns) takers.set(pattern, (takers.get(pattern) ?? new Set()).add(take));
  changed();
  return () => {
    if (begin) for (const waiting of [beginning, begun]) waiting.delete(begin);
    for (const pattern of patterns) {
      const set = takers.get(pattern);
      set?.delete(take);
      if (set?.size === 0) takers.delete(pattern);
    }
    changed();
  };
}

/** Follow topics while the calling component is shown; `take` may be another function each time. */
export function useTopics(patterns: readonly string[], take: Taker): void {
  const key = patterns.join(" ");
  useEffect(() => (key ? follow(key.split(" "), take) : undefined), [key]);
}

/** Call `back` whenever the stream is live again: what was missed while it was down is in the lists. */
export function onReturn(back: () => void): () => void {
  returns.add(back);
  return () => void returns.delete(back);
}

/** What a frame carries; in frames the time stands beside the data, in lists inside it. */
export function told<T extends { ts: string }>(frame: Frame): T {
  return { ts: frame.ts, ...(frame.data as object) } as T;
}

function takersOf(topic: string): readonly Taker[] {
  let found = routes.get(topic);
  if (!found) {
    const all = new Set(patternsOf(topic).flatMap((pattern) => [...(takers.get(pattern) ?? [])]));
    if (routes.size >= MOST_ROUTES) routes.clear();
    routes.set(topic, (found = [...all]));
  }
  return found;
}

function patternsOf(topic: string): string[] {
  const found = [topic, "*"];
  for (let colon = topic.indexOf(":"); colon >= 0; colon = topic.indexOf(":", colon + 1)) found.push(`${topic.slice(0, colon)}:*`);
  return found;
}

function changed(): void {
  routes.clear();
  if (changing) return;
  changing = true;
  // A view that closes and one that opens are one change.
  window.setTimeout(() => {
    changing = false;
    for (const begin of beginning) begun.add(begin);
    beginning.clear();
    stream.want(takers.keys());
  });
}
