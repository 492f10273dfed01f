// How much of a limit is used, as a bar, a number and a word: nobody has to tell colours apart.
import { type Column, Table } from "../../parts/table";

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

export interface Gauge {
  title: string;
  value: string;
  limit: string;
  /** A fraction of the limit; undefined where it is not known. */
  used: number | undefined;
  /** Another word than that of the level. */
  word?: string;
}

export function GaugeTable({ name, what, of }: { name: string; what: string; of: readonly Gauge[] }) {
  return (
    <Table
      name={name}
      class="gauges"
      columns={[{ head: what, names: true, of: ({ title }) => title }, ...COLUMNS]}
      rows={of}
      row={({ title }) => ({ key: title, "data-gauge": title })}
    />
  );
}

const COLUMNS: Column<Gauge>[] = [
  { head: "Now", num: true, of: ({ value }) => value },
  { head: "Limit", num: true, tone: "dim", of: ({ limit }) => limit },
  { head: "Share of the limit, as a bar", unseen: true, tone: "used", of: ({ used }) => used !== undefined && <Bar used={used} /> },
  { head: "Used", num: true, class: "wider", of: ({ used }) => (used === undefined ? "–" : `${Math.round(used * 100)}%`) },
  {
    head: "State",
    tone: ({ used }) => `level ${used === undefined ? "" : levelOf(used)}`,
    of: ({ used, word }) => word ?? (used === undefined ? "unavailable" : LEVEL[levelOf(used)]),
  },
];
