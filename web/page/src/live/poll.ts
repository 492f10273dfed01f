// A list that is asked for again and again while somebody looks: kept through failures, never asked twice at once.
import { useEffect } from "preact/hooks";
import { onReturn } from "./link";
import { touch, useParts } from "./paint";
import { get, Problem } from "./rest";

const SOON_MS = 250;
/** Without a token nothing will change until the page is opened anew. */
const LOCKED_OUT_MS = 60_000;

/** Those that somebody looks at. */
export const looked = new Set<Poll<unknown>>();

onReturn(() => looked.forEach((poll) => poll.nudge()));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) looked.forEach((poll) => poll.nudge());
});

export class Poll<T> {
  value: T | undefined;
  problem: Problem | undefined;
  private watchers = 0;
  private timer = 0;
  private dueAt = Infinity;
  private running: Promise<void> | undefined;
  private again = false;

  /** `part` is what is touched when an answer is in (see paint.ts). */
  constructor(
    readonly part: string,
    readonly path: string,
    private readonly everyMs: number,
    private readonly read: (body: unknown) => T = (body) => body as T,
  ) {}

  /** Keep it up to date until the function that is answered is called. */
  hold(): () => void {
    this.watchers += 1;
    if (this.watchers === 1) {
      looked.add(this as Poll<unknown>);
      void this.refresh();
    }
    return () => {
      this.watchers -= 1;
      if (this.watchers > 0) return;
      looked.delete(this as Poll<unknown>);
      clearTimeout(this.timer);
      this.dueAt = Infinity;
    };
  }

  /** Ask soon, where somebody looks; many nudges in a moment are one request. */
  nudge(): void {
    if (this.watchers === 0) return;
    if (this.running) this.again = true;
    else if (this.dueAt > performance.now() + SOON_MS) this.after(SOON_MS); // else a row of nudges would put it off for ever
  }

  /** Ask now; done when an answer to a request begun after this call is in. */
  async refresh(): Promise<void> {
    while (this.running) await this.running;
    clearTimeout(this.timer);
    this.running = this.ask();
    try {
      await this.running;
    } finally {
      this.running = undefined;
      const locked = this.problem?.status === 401;
      if (this.watchers > 0) this.after(locked ? LOCKED_OUT_MS : this.again ? SOON_MS : this.everyMs);
      this.again = false;
    }
  }

  private async ask(): Promise<void> {
    try {
      this.value = this.read(await get(this.path));
      this.problem = undefined;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error;
    }
    touch(this.part);
  }

  private after(delayMs: number): void {
    clearTimeout(this.timer);
    this.dueAt = performance.now() + delayMs;
    this.timer = window.setTimeout(() => {
      this.dueAt = Infinity;
      if (document.hidden) return; // visibilitychange starts it again
      void this.refresh();
    }, delayMs);
  }
}

/** Keep these up to date while the calling component is shown, and draw it again with each answer. */
export function usePolls(...polls: Poll<any>[]): void {
  useParts(...polls.map((poll) => poll.part));
  useEffect(() => {
    const leaves = polls.map((poll) => poll.hold());
    return () => leaves.forEach((leave) => leave());
  }, [polls.map((poll) => poll.path).join(" ")]);
}

const pool = new Map<string, Poll<any>>();
const MOST_POOLED = 64;

/** The list at a path that depends on what is chosen; the same one each time. Old ones are forgotten when nobody looks. */
export function polled<T>(path: string, everyMs: number, read?: (body: unknown) => T): Poll<T> {
  let found = pool.get(path) as Poll<T> | undefined;
  if (!found) {
    for (const [old, poll] of pool) if (pool.size >= MOST_POOLED && !looked.has(poll)) pool.delete(old);
    found = new Poll(path, path, everyMs, read);
    pool.set(path, found);
  }
  return found;
}
