// How the things of a kind are now, by their id, as the stream's States tell it. Followed while somebody looks; the snapshot with
// which each following begins also says what is gone.
import { useEffect } from "preact/hooks";
import { follow } from "../../live/link";
import { touch, useParts } from "../../live/paint";
import type { Frame } from "../../live/wire";
import type {
  Account,
  Autonomy,
  Breaker,
  Broker,
  Equity,
  Heartbeat,
  Job,
  KillSwitch,
  OpenOrder,
  Position,
  Reconciliation,
  Run,
  Scan,
  StrategyState,
} from "./wire";

export class Kind<T> {
  /** A change touches the part that `part` names. */
  readonly values = new Map<string, T>();
  readonly part: string;
  private watchers = 0;
  private leave: (() => void) | undefined;
  private readonly heard = new Set<(id: string, value: T | undefined, fresh: boolean) => void>();

  constructor(readonly name: string) {
    this.part = `state:${name}`;
  }

  /** Keep it up to date until the function that is answered is called. */
  hold(): () => void {
    this.watchers += 1;
    if (this.watchers === 1) {
      this.values.clear();
      this.leave = follow([`state:${this.name}:*`], (frame, fresh) => this.take(frame, fresh));
    }
    return () => {
      this.watchers -= 1;
      if (this.watchers === 0) this.leave?.();
    };
  }

  /** Be told each change, until the function that is answered is called. */
  hear(back: (id: string, value: T | undefined, fresh: boolean) => void): () => void {
    this.heard.add(back);
    return () => void this.heard.delete(back);
  }

  private take({ topic, data }: Frame, fresh: boolean): void {
    const id = topic!.slice(this.part.length + 1);
    const { value } = data as { value: T | null };
    if (value === null) this.values.delete(id);
    else this.values.set(id, value);
    for (const back of this.heard) back(id, value ?? undefined, fresh);
    touch(this.part);
  }
}

export const accounts = new Kind<Account>("account");
export const equities = new Kind<Equity>("equity");
export const positions = new Kind<Position>("position");
export const openOrders = new Kind<OpenOrder>("order");
export const brokers = new Kind<Broker>("broker");
export const switches = new Kind<KillSwitch>("switch");
export const breakers = new Kind<Breaker>("breaker");
export const autonomies = new Kind<Autonomy>("autonomy");
export const heartbeats = new Kind<Heartbeat>("heartbeat");
export const reconciliations = new Kind<Reconciliation>("reconciliation");
export const scans = new Kind<Scan>("terminal");
export const strategyStates = new Kind<StrategyState>("strategy");
export const jobs = new Kind<Job>("job");
export const runs = new Kind<Run>("run");

/** Follow these while the calling component is shown, and draw it again with each change. */
export function useKinds(...kinds: Kind<any>[]): void {
  useParts(...kinds.map(({ part }) => part));
  useEffect(() => {
    const leaves = kinds.map((kind) => kind.hold());
    return () => leaves.forEach((leave) => leave());
  }, []);
}
