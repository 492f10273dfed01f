// What something cost, and that nobody knows it where a model has no price.
import { usd } from "../../live/format";
import type { Run } from "../../live/wire";
import { tokensOf } from "./wire";

/** Dollars with the digits that matter: a task costs fractions of a cent. */
export function dollars(value: number): string {
  return usd(value, value !== 0 && Math.abs(value) < 0.1 ? 4 : 2);
}

export function costOf(run: Run) {
  if (run.cost_usd !== null) return dollars(run.cost_usd);
  if (!tokensOf(run)) return "–";
  return <span class="warn" title={`${run.model || "A model that nobody named"} has no price in tasks.prices`}>no price</span>;
}
