// What was traded in the last hour, by the minute.
import type { Point } from "./trail";

const MINUTE_MS = 60_000;
const MINUTES = 60;

export class Turnover {
  /** Worth by the number of the minute since 1970. */
  private readonly minutes = new Map<number, number>();

  /** Put what the bars say; of minutes of which more was seen live, that stays. */
  seed(bars: readonly Point[]): void {
    for (const { at, value } of bars) {
      const minute = Math.floor(at / MINUTE_MS);
      this.minutes.set(minute, Math.max(value, this.minutes.get(minute) ?? 0));
    }
  }

  add(at: number, worth: number): void {
    const minute = Math.floor(at / MINUTE_MS);
    this.minutes.set(minute, (this.minutes.get(minute) ?? 0) + worth);
    if (this.minutes.size <= 2 * MINUTES) return;
    for (const old of this.minutes.keys()) if (old <= minute - MINUTES) this.minutes.delete(old);
  }

  /** Of the hour before `now`; undefined where nothing is known. */
  total(now: number): number | undefined {
    const first = Math.floor(now / MINUTE_MS) - MINUTES + 1;
    let found: number | undefined;
    for (const [minute, worth] of this.minutes) if (minute >= first) found = (found ?? 0) + worth;
    return found;
  }
}
