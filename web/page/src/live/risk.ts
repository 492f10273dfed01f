// Whether trading may go on: the kill switch and the circuit breakers, as they are told.
import { follow } from "./link";
import { touch } from "./paint";
import type { Frame } from "./wire";

export interface Guard {
  on: boolean;
  reason: string;
  since: string;
  by?: string;
}

/** By ref: `switch:kill`, `breaker:drawdown`. A change touches the part "risk". */
export const guards = new Map<string, Guard>();

export function start(): void {
  // Not every switch stops trading: those of strategies are on when all is well.
  follow(["state:switch:kill", "state:breaker:*"], (frame: Frame) => {
    const { ref, value } = frame.data as { ref: string; value: Guard | null };
    if (value) guards.set(ref, value);
    else guards.delete(ref);
    touch("risk");
  });
}

/** Those that are on, by ref. */
export function tripped(): [string, Guard][] {
  return [...guards].filter(([, { on }]) => on);
}
