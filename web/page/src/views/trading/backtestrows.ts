// The rows of the results of backtests: read once each, as they never change.
import { useEffect } from "preact/hooks";
import { touch } from "../../live/paint";
import type { Problem } from "../../live/rest";
import { readRows } from "../../live/run";
import type { EquityRow, TradeRow } from "./plans";

const MOST_ROWS = 100_000;
const MOST_KEPT = 16;

export interface Result {
  curve: EquityRow[];
  trades: TradeRow[];
  problem?: Problem;
}

const kept = new Map<string, Result | undefined>();

export const PART = "trading:results";

/** What is known of the results of these runs; touched as they come. */
export function useResults(ids: readonly string[]): (Result | undefined)[] {
  useEffect(() => {
    for (const id of ids) if (!kept.has(id) || kept.get(id)?.problem) void fetchRows(id);
  }, [ids.join(" ")]);
  return ids.map((id) => kept.get(id));
}

async function fetchRows(id: string): Promise<void> {
  for (const old of kept.keys()) if (kept.size >= MOST_KEPT) kept.delete(old);
  kept.set(id, undefined);
  const rows: (EquityRow | TradeRow)[] = [];
  const problem = await readRows(id, rows, MOST_ROWS);
  kept.set(id, {
    curve: rows.filter((row) => row.row === "equity"),
    trades: rows.filter((row) => row.row === "trade"),
    ...(problem && { problem }),
  });
  touch(PART);
}
