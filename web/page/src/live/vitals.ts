// How the server itself is, once a second while somebody looks: the newest numbers and the last five minutes of them.
import { follow } from "./link";
import { Poll } from "./poll";
import { Ring } from "./ring";

export interface Vitals {
  version: string;
  epoch: string;
  now: string;
  started: string;
  /** Percent of one processor; null where no time has passed to say it of. */
  cpu_pct: number | null;
  all_cpu_pct: number | null;
  memory_mb: number;
  all_memory_mb: number;
  published: number;
  dead_letters: number;
  sockets: number;
  connections: number | null;
  history: {
    state: string;
    last_error: string | null;
    rows_written: number;
    rows_lost: number;
    pending: number;
    commits: number;
    commit_ms_p50: number;
    watermark: number;
  };
  ring: { messages: number; bytes: number; evicted: number };
  /** How many parts the server has, and those that do not work. */
  parts: number;
  not_ready: { name: string; reason: string }[];
}

const KEPT = 600;

/** Time, messages a second over the bus, percent of one processor, megabytes, rows stored a second. */
export const course = new Ring(4, KEPT);
let before: { vitals: Vitals; at: number } | undefined;

export const vitals = new Poll<Vitals>("vitals", "/api/oracle/vitals", 1_000, (body) => {
  const now = body as Vitals;
  note(now, Date.parse(now.now) / 1_000);
  return now;
});

/** Numbers of another process say nothing of the pace since. */
function note(now: Vitals, at: number): void {
  const last = before?.vitals.epoch === now.epoch ? before : undefined;
  const over = last ? at - last.at : 0;
  if (last && over > 0.2) {
    const pace = (count: (one: Vitals) => number) => Math.max(0, (count(now) - count(last.vitals)) / over);
    course.push(at, pace((one) => one.published), now.cpu_pct ?? 0, now.memory_mb, pace((one) => one.history.rows_written));
  }
  if (!last || over > 0.2) before = { vitals: now, at };
}

/** The same, every few seconds and as soon as the life of an actor changes: for what stands above every view. */
export const standing = new Poll<Vitals>("standing", "/api/oracle/vitals", 5_000);

export function start(): void {
  follow(["life:*"], () => standing.nudge());
}
