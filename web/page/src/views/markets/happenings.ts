// What happened to one symbol: events about it, and alerts that were fired by such events.
import { events } from "../../live/events";
import { items } from "../../live/lists";
import { polled, type Poll } from "../../live/poll";
import type { Happening } from "../../live/wire";
import type { Mark } from "../../parts/marks";

const MOST = 300;

export class Happenings {
  private readonly polls: readonly Poll<Happening[]>[];
  private seen: unknown[] = [];
  private known: Happening[] = [];

  constructor(
    readonly symbol: string,
    /** Called when one is chosen. */
    private readonly choose: (id: string) => void,
  ) {
    const query = new URLSearchParams({ subject: symbol, limit: String(MOST) });
    this.polls = [
      polled(`/api/oracle/events?${query}`, 60_000, items<Happening>),
      polled(`/api/oracle/events?kind=alert_fired&limit=${MOST}`, 60_000, items<Happening>),
    ];
  }

  /** What is to be kept up to date while they are looked at. */
  get lists(): readonly Poll<Happening[]>[] {
    return this.polls;
  }

  /** Each once, newest first. */
  all(): readonly Happening[] {
    const now = [...this.polls.map((poll) => poll.value), events[0], events.length];
    if (now.some((one, place) => one !== this.seen[place]) || this.seen.length === 0) {
      this.seen = now;
      const found = new Map<string, Happening>();
      for (const list of [events, ...this.polls.map((poll) => poll.value ?? [])]) {
        for (const happening of list) if (this.isAbout(happening)) found.set(happening.id, happening);
      }
      this.known = [...found.values()].sort((a, b) => (a.ts < b.ts ? 1 : -1)).slice(0, MOST);
    }
    return this.known;
  }

  /** As marks on a line whose value at a time (milliseconds) is told. */
  marks(valueAt: (at: number) => number | undefined): Mark[] {
    const found = this.all().map((happening): Mark => {
      const at = Date.parse(happening.ts);
      return {
        id: happening.id,
        at,
        value: valueAt(at),
        tone: happening.severity,
        label: labelOf(happening),
        press: () => this.choose(happening.id),
      };
    });
    return found.reverse();
  }

  /** An alert on a price or a condition is about itself; its words say of which symbols that is. */
  private isAbout({ kind, subject, data, summary }: Happening): boolean {
    if (kind !== "alert_fired") return subject === this.symbol;
    return data.event_subject === this.symbol || summary.includes(`"${this.symbol}"`);
  }
}

/** What a mark says: who doesn't see the line hears when it was, too. */
export function labelOf({ kind, severity, summary }: Happening): string {
  return `${kind === "alert_fired" ? "Alert" : severity}: ${summary || kind}`;
}
