// The watchdogs, as the stream says they are; and how much they said.
import { told, useTopics } from "../../live/link";
import { items } from "../../live/lists";
import { touch } from "../../live/paint";
import { Poll, polled, usePolls } from "../../live/poll";
import { post } from "../../live/rest";
import { type Frame, type Happening, SEVERITIES, type Severity } from "../../live/wire";
import type { DayCount } from "../../parts/bars";
import type { Counts, Dog, DogState } from "./wire";

const DAY_MS = 86_400_000;

export const dogs = new Poll("dogs", "/api/oracle/watchdogs", 30_000, items<Dog>);

/** Keep the watchdogs up to date while the calling component is shown. */
export function useDogs(): Dog[] | undefined {
  usePolls(dogs);
  useTopics(["state:watchdog:*"], take);
  useTopics(["state:switch:*", "life:*"], ({ topic = "" }) => topic.includes(":watchdog:") && dogs.nudge());
  return dogs.value;
}

/** A report is every few seconds for each: what it says is put into the list, and only what it does not say is asked for. */
function take(frame: Frame): void {
  const { value } = frame.data as { value: DogState | null };
  const dog = dogs.value?.find((one) => one.name === value?.name);
  if (!dog || !value) return;
  const turned = dog.status !== value.status || dog.running !== value.running || dog.consecutive_failures !== value.consecutive_failures;
  const { last_check, last_event, consecutive_failures, total_checks, errors, events_emitted, ignored } = value;
  Object.assign(dog, { last_check, last_event, consecutive_failures, total_checks, errors, events_emitted, ignored });
  touch("dogs");
  if (turned) dogs.nudge();
}

export async function ask(name: string, verb: string): Promise<void> {
  await post(`/dashboard/watchdogs/${encodeURIComponent(name)}/${verb}`);
  await dogs.refresh();
}

/** What watchdogs (one of them, if it is named) said on each of the last days, today included; days are those of UTC. */
export function useCounts(days: number, name = ""): Counts[] | undefined {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const query = new URLSearchParams({ from: new Date(today - (days - 1) * DAY_MS).toISOString(), bucket: "1d" });
  query.set(name ? "source" : "prefix", `watchdog:${name}`);
  const poll = polled(`/api/oracle/event-counts?${query}`, 60_000, items<Counts>);
  usePolls(poll);
  useTopics(["event:*"], (frame) => told<Happening>(frame).source.startsWith(`watchdog:${name}`) && poll.nudge());
  return poll.value;
}

export function total(counts: readonly Counts[]): number {
  return counts.reduce((sum, one) => sum + SEVERITIES.reduce((all, severity) => all + one[severity], 0), 0);
}

/** One entry for each of the last days, also for those on which nothing was said. */
export function daily(counts: readonly Counts[], days: number): DayCount[] {
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  return Array.from({ length: days }, (_, index) => {
    const day = new Date(today - (days - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    const mine = counts.filter(({ start }) => start.startsWith(day));
    const of = Object.fromEntries(SEVERITIES.map((severity) => [severity, mine.reduce((sum, one) => sum + one[severity], 0)]));
    return { day, count: total(mine), of: of as Record<Severity, number> };
  });
}
