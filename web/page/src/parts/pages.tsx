// A long list, page by page: the newest first and up to date, older ones as they are asked for.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Poll } from "../live/poll";
import { polled, usePolls } from "../live/poll";
import { get, type Problem } from "../live/rest";
import type { Items } from "../live/wire";
import { attempt, Refusal } from "./parts";

const SELDOM_MS = 30_000;

export interface Pages<T> {
  poll: Poll<Items<T>>;
  /** All that was read so far, each once. */
  rows: T[];
  /** The button that reads more, where there is more. */
  more: preact.ComponentChildren;
}

/** `path` already has a query; its first page is read again whenever `poll` is nudged. */
export function usePages<T extends { id: string }>(path: string): Pages<T> {
  const poll = polled<Items<T>>(path, SELDOM_MS);
  usePolls(poll);
  const [older, setOlder] = useState<{ path: string; rows: T[]; next: string | null }>();
  const [problem, setProblem] = useState<Problem>();
  const [asking, setAsking] = useState(false);
  const current = useRef(path);
  current.current = path;
  useEffect(() => setProblem(undefined), [path]);
  const mine = older?.path === path ? older : undefined;
  const next = mine ? mine.next : (poll.value?.next ?? null);
  const first = poll.value?.items ?? [];
  const known = new Set(first.map(({ id }) => id));
  const rows = [...first, ...(mine?.rows.filter(({ id }) => !known.has(id)) ?? [])];
  const read = async () => {
    if (asking || next === null) return;
    setAsking(true);
    setProblem(
      await attempt(async () => {
        const page = (await get(`${path}&cursor=${encodeURIComponent(next)}`)) as Items<T>;
        // What has moved off the first page since stays: it is among the rows before.
        if (current.current === path) setOlder({ path, rows: mine ? [...mine.rows, ...page.items] : [...first, ...page.items], next: page.next });
      }),
    );
    setAsking(false);
  };
  const more = (
    <>
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {next !== null && (
        <p class="prose"><button type="button" class="quiet" aria-busy={asking} onClick={() => void read()}>Older ones</button></p>
      )}
    </>
  );
  return { poll, rows, more };
}
