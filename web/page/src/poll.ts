// A list that is asked for again and again: kept through failures, never asked twice at once, quiet while nobody looks.
import { get, Problem } from "./rest";

const SOON_MS = 250;
/** Without a token nothing will change until the page is opened anew. */
const LOCKED_OUT_MS = 60_000;

export class Poll<T> {
  value: T | undefined;
  problem: Problem | undefined;
  private timer = 0;
  private dueAt = Infinity;
  private running: Promise<void> | undefined;
  private again = false;

  constructor(
    private readonly path: string,
    private readonly everyMs: number,
    private readonly read: (body: unknown) => T,
    private readonly changed: () => void,
  ) {}

  start(): void {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.nudge();
    });
    void this.refresh();
  }

  /** Ask soon; many nudges in a moment are one request. */
  nudge(): void {
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
      this.after(locked ? LOCKED_OUT_MS : this.again ? SOON_MS : this.everyMs);
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
    this.changed();
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
