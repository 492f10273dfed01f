// The lists that more than one view shows, and what on the stream says that one of them is old.
import { follow } from "./link";
import { looked, Poll } from "./poll";
import type { ActorNode, AlertLife, AlertRule, Delivery, Frame, Items, Silence, Watchdog } from "./wire";

export const watchdogs = new Poll<Watchdog[]>("watchdogs", "/dashboard/watchdogs", 5_000);
export const rules = new Poll<AlertRule[]>("rules", "/api/alerts", 10_000, (body) =>
  (body as AlertRule[]).map((rule) => (rule.name.trim() ? rule : { ...rule, name: rule.alert_id })),
);
export const lives = new Poll("rules", "/api/oracle/alerts?limit=1000", 10_000, items<AlertLife>);
export const silences = new Poll("rules", "/api/oracle/silences", 10_000, items<Silence>);
export const deliveries = new Poll("deliveries", "/api/oracle/deliveries?limit=20", 10_000, items<Delivery>);
export const tree = new Poll<ActorNode>("tree", "/api/oracle/tree", 2_000);

/** The rows of a page of a list. */
export function items<T>(body: unknown): T[] {
  return (body as Items<T>).items;
}

/** True when the server has asked for a token and this browser has none that fits. */
export function lockedOut(): boolean {
  return [...looked].some((poll) => poll.problem?.status === 401);
}

export function start(): void {
  follow(["life:*"], () => {
    tree.nudge();
    watchdogs.nudge();
  });
  follow(["attempt:*"], () => deliveries.nudge());
  follow(["state:rule:*", "state:alert:*", "state:silence:*", "state:watchdog:*", "state:switch:*"], takeState);
}

function takeState({ topic = "" }: Frame): void {
  if (topic.startsWith("state:rule:")) {
    rules.nudge();
    lives.nudge();
  } else if (topic.startsWith("state:alert:")) {
    lives.nudge();
  } else if (topic.startsWith("state:silence:")) {
    silences.nudge();
    lives.nudge();
  } else if (topic.includes("watchdog:")) {
    watchdogs.nudge();
  }
}
