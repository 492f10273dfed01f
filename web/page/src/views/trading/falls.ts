// How far a line is below the highest it had been.

/** Percents of the highest before, never positive; a hole stays one. */
export function fallsOf(values: Iterable<number | null | undefined>): (number | null)[] {
  let peak = -Infinity;
  return Array.from(values, (value) => {
    peak = Math.max(peak, value ?? peak);
    return value == null || peak <= 0 ? null : (100 * (value - peak)) / peak;
  });
}
