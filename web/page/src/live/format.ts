// Numbers and times as people read them. Times are in the zone the reader chose; UTC is in the tooltip.
import { zone } from "./preferences";

const formats = new Map<string, Intl.NumberFormat>();

function format(least: number, most: number): Intl.NumberFormat {
  const key = `${least}:${most}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.NumberFormat("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
    formats.set(key, found);
  }
  return found;
}

export function fixed(value: number, digits: number): string {
  return format(digits, digits).format(value);
}

export function whole(value: number): string {
  return format(0, 0).format(value);
}

/** A number as `say` says it; a dash where it is not known. */
export function orDash(value: number | null | undefined, say: (value: number) => string): string {
  return value === null || value === undefined ? "–" : say(value);
}

/** A size with up to four digits that matter. */
export function size(value: number): string {
  return format(0, value >= 100 ? 0 : value >= 1 ? 2 : 4).format(value);
}

/** 1234567 as 1.23M: for counters that only need a feel. */
export function short(value: number): string {
  if (value < 10_000) return whole(value);
  for (const [unit, mark] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]] as const) {
    if (value >= unit) return fixed(value / unit, value / unit < 100 ? 1 : 0) + mark;
  }
  return whole(value);
}

/** A number as it is, without digits that say nothing. */
export function plain(value: number): string {
  return format(0, Math.abs(value) >= 1 ? 6 : 12).format(value);
}

const SPANS = [[86_400, "day", "days"], [3_600, "h", "h"], [60, "min", "min"]] as const;

/** A span as people set it: 60 is "60 s", 300 "5 min", 86400 "1 day". */
export function span(seconds: number): string {
  for (const [unit, one, many] of SPANS) {
    const count = seconds / unit;
    if (seconds > 90 && Number.isInteger(count)) return `${whole(count)} ${count === 1 ? one : many}`;
  }
  return `${plain(seconds)} s`;
}

/** How often, in words. */
export function times(count: number): string {
  return count === 1 ? "once" : count === 2 ? "twice" : `${whole(count)} times`;
}

/** A word of the server's as people write it. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** Decimal places of a price: as many as it came with, at most what six digits need, and what can be shown. */
export function places(price: number): number {
  if (!(price > 0)) return 2;
  const most = Math.max(2, 5 - Math.floor(Math.log10(price)));
  const text = price.toFixed(Math.min(most, MOST_PLACES)).replace(/0+$/, "");
  return Math.max(2, text.length - text.indexOf(".") - 1);
}

const MOST_PLACES = 20;

export function percent(value: number): string {
  const text = fixed(Math.abs(value), 2);
  if (text === "0.00") return "0.00%";
  return (value < 0 ? "−" : "+") + text + "%";
}

/** 0.4 to "now", 75 to "1 m 15 s". */
export function age(seconds: number): string {
  if (seconds < 1) return "now";
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${Math.floor(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} m`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** How long ago an instant (ISO 8601) was. */
export function since(iso: string): string {
  return age(Math.max(0, (Date.now() - Date.parse(iso)) / 1_000));
}

/** Bytes, as people say them: 1.2 MB. */
export function bytes(count: number): string {
  for (const [unit, mark] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]] as const) {
    if (count >= unit) return `${fixed(count / unit, count / unit < 100 ? 1 : 0)} ${mark}`;
  }
  return `${whole(count)} B`;
}

const UTC_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const dates = new Map<string, Intl.DateTimeFormat>();

/** A format in the zone that the reader chose. */
function inZone(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = zone();
  const key = `${name} ${Object.keys(options).join()}`;
  let found = dates.get(key);
  if (!found) dates.set(key, (found = new Intl.DateTimeFormat("en-GB", { ...options, ...(name && { timeZone: name }) })));
  return found;
}

export function clockTime(at: Date): string {
  return inZone({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
}

/** The day of a date without a time, "2026-11-26". */
export function utcDay(day: string): string {
  return UTC_DAY.format(new Date(day));
}

export function localDay(at: Date): string {
  return inZone({ day: "numeric", month: "short" }).format(at);
}

/** The local clock time; with the day when that is not today. */
export function localTime(at: Date, today: Date): string {
  return localDay(at) === localDay(today) ? clockTime(at) : `${localDay(at)} ${clockTime(at)}`;
}

/** Of an instant in milliseconds, for charts: "27 Nov 14:03:05". */
export function shortTime(ms: number): string {
  return localTime(new Date(ms), new Date());
}

export function utcTime(at: Date): string {
  return at.toISOString().replace("T", " ").replace(/(\.000)?Z$/, " UTC");
}

const MONEY = new Map<number, Intl.NumberFormat>();

/** US dollars: "$1,234.50"; a loss has a minus before the sign. */
export function usd(value: number, digits = 2): string {
  let found = MONEY.get(digits);
  if (!found) MONEY.set(digits, (found = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits })));
  return found.format(value).replace("-", "−");
}
