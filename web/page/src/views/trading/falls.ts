// How far a line is below the highest it had been.
import type { Columns } from "../../parts/chart";

/** Negative percents of the highest before. */
export function fallsOf([at, equity]: Columns): Columns {
  let peak = -Infinity;
  const falls = (equity ?? []).map((value) => {
    peak = Math.max(peak, value ?? peak);
    return value == null || peak <= 0 ? null : (100 * (value - peak)) / peak;
  });
  return [at, falls];
}
