// How much of a limit is used, as a bar, a number and a word: nobody has to tell colours apart.

/** From this share of a limit on it is near. */
const NEAR = 0.75;

export type Level = "fine" | "near" | "over";

export function levelOf(used: number): Level {
  return used > 1 ? "over" : used >= NEAR ? "near" : "fine";
}

export const LEVEL: Record<Level, string> = { fine: "fine", near: "near its limit", over: "over its limit" };

/** `used` is a fraction of the limit. */
export function Bar({ used }: { used: number }) {
  const width = Math.min(Math.max(used, 0), 1) * 100;
  return (
    <svg class={`bar ${levelOf(used)}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" width="100" height="6" />
      <rect width={width} height="6" />
    </svg>
  );
}

interface RowProps {
  title: string;
  value: string;
  limit: string;
  /** A fraction of the limit; undefined where it is not known. */
  used: number | undefined;
  /** Another word than that of the level. */
  word?: string;
}

export function GaugeRow({ title, value, limit, used, word }: RowProps) {
  const level = used === undefined ? undefined : levelOf(used);
  return (
    <tr data-gauge={title}>
      <th scope="row">{title}</th>
      <td class="num">{value}</td>
      <td class="num dim">{limit}</td>
      <td class="used">{used !== undefined && <Bar used={used} />}</td>
      <td class="num wider">{used === undefined ? "–" : `${Math.round(used * 100)}%`}</td>
      <td class={`level ${level ?? ""}`}>{word ?? (level ? LEVEL[level] : "unavailable")}</td>
    </tr>
  );
}

export function GaugeHead({ what }: { what: string }) {
  return (
    <thead>
      <tr>
        <th scope="col">{what}</th>
        <th scope="col" class="num">
          Now
        </th>
        <th scope="col" class="num">
          Limit
        </th>
        <th scope="col">
          <span class="unseen">Share of the limit, as a bar</span>
        </th>
        <th scope="col" class="num wider">
          Used
        </th>
        <th scope="col">State</th>
      </tr>
    </thead>
  );
}
