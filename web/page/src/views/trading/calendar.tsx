// The last weeks as a calendar: what the trades that were closed on each day have gained, in New York, where a trading day begins.
import { fixed } from "../../live/format";
import { gain, tone } from "./money";
import type { ClosedTrade } from "./wire";

const WEEKS = 6;
const DAY_MS = 86_400_000;
const NEW_YORK = new Intl.DateTimeFormat("en-CA", {
  timeZone: "America/New_York",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});
const MONTH = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** The day of an instant where the exchange is. */
export function exchangeDay(at: Date): string {
  return NEW_YORK.format(at);
}

interface Day {
  gain: number;
  count: number;
}

export function Calendar({ trades, currency }: { trades: readonly ClosedTrade[]; currency: string }) {
  const days = new Map<string, Day>();
  for (const { exit_time, pnl } of trades) {
    const day = exchangeDay(new Date(exit_time));
    const known = days.get(day) ?? { gain: 0, count: 0 };
    days.set(day, { gain: known.gain + pnl, count: known.count + 1 });
  }
  const today = Date.parse(exchangeDay(new Date()));
  const monday = today - ((new Date(today).getUTCDay() + 6) % 7) * DAY_MS;
  const weeks = Array.from({ length: WEEKS }, (_, week) => monday - (WEEKS - 1 - week) * 7 * DAY_MS);
  return (
    <table class="calendar">
      <caption class="unseen">Gain by day of the last {WEEKS} weeks, by New York's calendar</caption>
      <thead>
        <tr>
          {WEEKDAYS.map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((begin) => (
          <tr key={begin}>
            {WEEKDAYS.map((name, place) => (
              <Cell
                key={name}
                at={begin + place * DAY_MS}
                today={today}
                day={days.get(isoDay(begin + place * DAY_MS))}
                currency={currency}
              />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell({ at, today, day, currency }: { at: number; today: number; day: Day | undefined; currency: string }) {
  if (at > today) return <td />;
  return (
    <td class={`day ${day ? tone(day.gain) : ""}`} data-day={isoDay(at)} aria-current={at === today ? "date" : undefined}>
      <span class="dim">{MONTH.format(at)}</span>
      {day && (
        <strong title={`${gain(day.gain, currency)} in ${day.count} ${day.count === 1 ? "trade" : "trades"}`}>
          {day.gain < 0 ? "−" : "+"}
          {fixed(Math.abs(day.gain), Math.abs(day.gain) < 100 ? 2 : 0)}
        </strong>
      )}
    </td>
  );
}

function isoDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
