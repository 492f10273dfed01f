// What happened: the newest events, each once, newest first.
import { follow, stream, told } from "./link";
import { deliveries, items } from "./lists";
import { notify } from "./notify";
import { touch } from "./paint";
import { Poll } from "./poll";
import type { Frame, Happening } from "./wire";

const MOST_EVENTS = 400;

export const events: Happening[] = [];
/** What sources state and nobody has judged, and that a watchdog's life began: it comes by the thousand, and belongs to no list of what happened.
 * A notification says again what an alert said. */
const FACTS = new Set(["transfer", "earnings", "insider_trade", "liquidation", "watchdog_began", "notification"]);
const known = new Set<string>();

export const recorded = new Poll("events", "/api/oracle/events?limit=500", 60_000, (body) => {
  const found = items<Happening>(body);
  for (const happening of [...found].reverse()) remember(happening);
  return found;
});

export function start(): void {
  follow(["event:*"], take);
}

function take(frame: Frame, fresh: boolean): void {
  const happening = told<Happening>(frame);
  if (happening.kind === "notification" && (fresh || stream.resuming)) notify(happening);
  if (happening.kind.startsWith("alert_")) deliveries.nudge();
  remember(happening);
  touch("events");
}

/** Keep an event once, newest first. */
function remember(happening: Happening): void {
  if (FACTS.has(happening.kind) || known.has(happening.id)) return;
  known.add(happening.id);
  let place = 0;
  while (place < events.length && events[place]!.ts > happening.ts) place += 1;
  events.splice(place, 0, happening);
  for (const old of events.splice(MOST_EVENTS)) known.delete(old.id);
}
