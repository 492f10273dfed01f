// Amounts and what they mean, as every panel of trading writes them.
import { fixed, percent, places, plain, usd } from "../../live/format";

/** An amount in the account's currency. */
export function money(value: number, currency = "USD", digits = 2): string {
  if (Math.abs(value) < 0.5 * 10 ** -digits) value = 0;
  return currency === "USD" ? usd(value, digits) : `${fixed(value, digits).replace("-", "−")} ${currency}`;
}

/** A gain or a loss: with its sign. */
export function gain(value: number, currency = "USD"): string {
  const text = money(value, currency);
  return value >= 0.005 ? `+${text}` : text;
}

/** A gain and its percent, as "+$12.00 (+0.40%)". */
export function gainWithPct(value: number, pct: number, currency = "USD"): string {
  return `${gain(value, currency)} (${percent(pct)})`;
}

/** The colour of a gain; the sign says it too. */
export function tone(value: number | null | undefined): "up" | "down" | "" {
  if (!value || Math.abs(value) < 0.005) return "";
  return value > 0 ? "up" : "down";
}

export function price(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : fixed(value, Math.min(places(value), 6));
}

/** Shares or coins. */
export function quantity(value: number): string {
  return plain(Number(value.toPrecision(8))).replace("-", "−");
}

/** A percent without a sign, for shares and limits. */
export function share(value: number): string {
  return `${fixed(value, 2)}%`;
}
