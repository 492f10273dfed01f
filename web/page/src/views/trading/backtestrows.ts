// The rows of the results of backtests: read once each, as they never change.
import { useEffect } from "preact/hooks";
import { touch } from "../../live/paint";
import { get, Problem } from "../../live/rest";
import type { EquityRow, TradeRow } from "./plans";

const PAGE = 1_000;
const MOST_PAGES = 100;
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
  const found: Result = { curve: [], trades: [] };
  try {
    let cursor: string | null = "0";
    for (let page = 0; cursor !== null && page < MOST_PAGES; page += 1) {
      const path: string = `/api/oracle/runs/${encodeURIComponent(id)}/events?limit=${PAGE}&cursor=${cursor}`;
      const { items, next } = (await get(path)) as { items: (EquityRow | TradeRow)[]; next: string | null };
      for (const row of items) {
        if (row.row === "equity") found.curve.push(row);
        else found.trades.push(row);
      }
      cursor = next;
    }
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    found.problem = problem;
  }
  kept.set(id, found);
  touch(PART);
}
