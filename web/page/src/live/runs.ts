// Runs (experiments, tasks) as the stream tells them: how each is now, from the first time a view wants to know on.
import { useEffect } from "preact/hooks";
import { age, fixed } from "./format";
import { follow } from "./link";
import { touch } from "./paint";
import type { Poll } from "./poll";
import { isOver } from "./run";
import type { Frame, Run } from "./wire";

/** By id: those that are at work, and those that ended lately. A change touches "runs" and "run:ID". */
export const runs = new Map<string, Run>();

/** Of those that are over the oldest are forgotten past so many. */
const MOST_RUNS = 2_000;

type Told = (run: Run, before: Run | undefined) => void;
const hearers = new Set<Told>();

follow(["state:run:*"], (frame: Frame) => {
  const { id, value } = frame.data as { id: string; value: Run | null };
  const before = runs.get(id);
  if (value) runs.set(id, value);
  else runs.delete(id);
  if (runs.size > MOST_RUNS) forget();
  touch("runs");
  touch(`run:${id}`);
  if (value) for (const hear of hearers) hear(value, before);
});

function forget(): void {
  for (const run of runs.values()) {
    if (runs.size <= MOST_RUNS) return;
    if (isOver(run)) runs.delete(run.id);
  }
}

/** What is known of a run by its last message, else as it was read. */
export function newest<T extends Run>(read: T): T {
  const told = runs.get(read.id);
  return told ? { ...read, ...told } : read;
}

/** Read a list of runs of a kind anew when one of them is new or has moved on. */
export function useMoves(kind: string, poll: Poll<unknown>): void {
  useEffect(() => {
    const hear: Told = (run, before) => {
      if (run.kind === kind && run.status !== before?.status) poll.nudge();
    };
    hearers.add(hear);
    return () => void hearers.delete(hear);
  }, [kind, poll.path]);
}

/** How long it was at work, in words. */
export function tookOf(run: Run): string {
  const seconds = lasted(run);
  return seconds === undefined ? "–" : seconds < 10 ? `${fixed(seconds, 1)} s` : age(seconds);
}

/** Seconds at work: as said, else from the start until the end, or until now. */
function lasted({ duration_s, started, finished }: Run): number | undefined {
  if (duration_s !== null) return duration_s;
  if (started === null) return undefined;
  return Math.max(0, ((finished === null ? Date.now() : Date.parse(finished)) - Date.parse(started)) / 1_000);
}
