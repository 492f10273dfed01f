// One run: followed on the stream while it goes on, and asked for again only when it moved.
import { useEffect, useState } from "preact/hooks";
import { follow } from "./link";
import { useParts } from "./paint";
import { polled } from "./poll";
import { get, post, Problem } from "./rest";
import type { Items, Run } from "./wire";

const OVER = new Set(["completed", "failed", "stopped", "cancelled"]);
/** A run that is over changes no more; one that is not is told by the stream. */
const SELDOM_MS = 15_000;

export function isOver(run: Pick<Run, "status">): boolean {
  return OVER.has(run.status);
}

export function pathOf(id: string): string {
  return `/api/oracle/runs/${encodeURIComponent(id)}`;
}

/** The run of an id, drawn anew as it goes on; an empty id is none. */
export function useRun<Params, Result>(id: string): { run: Run<Params, Result> | undefined; problem: Problem | undefined; ask: (verb: string) => Promise<void> } {
  const poll = polled<Run<Params, Result>>(pathOf(id || "none"), SELDOM_MS);
  useParts(poll.part);
  useEffect(() => {
    if (!id) return undefined;
    const leaves = [poll.hold(), follow([`state:run:${id}`], () => poll.nudge())];
    return () => leaves.forEach((leave) => leave());
  }, [poll.path]);
  const ask = async (verb: string) => {
    await post(`${pathOf(id)}/${verb}`);
    await poll.refresh();
  };
  return { run: id ? poll.value : undefined, problem: id ? poll.problem : undefined, ask };
}

const ROWS = 1_000;
const MOST_ROWS = 10_000;

/** The rows of a run that is over, all there are up to some thousands; undefined while they are read. */
export function useRows<Row>(run: Pick<Run, "id" | "status"> | undefined): Row[] | undefined {
  const [rows, setRows] = useState<Row[]>();
  const id = run && isOver(run) ? run.id : "";
  useEffect(() => {
    let current = true;
    const found: Row[] = [];
    setRows(undefined);
    if (id) void readRows(id, found, MOST_ROWS).then(() => current && setRows(found));
    return () => {
      current = false;
    };
  }, [id]);
  return rows;
}

/** Read the rows of a result into `found`; the Problem, if there was one. The server keeps the rows of the last 200 runs only. */
export async function readRows<Row>(id: string, found: Row[], most: number): Promise<Problem | undefined> {
  try {
    for (let cursor: string | null = "0"; cursor !== null && found.length < most; ) {
      const page: Items<Row> = (await get(`${pathOf(id)}/events?limit=${ROWS}&cursor=${cursor}`)) as Items<Row>;
      found.push(...page.items);
      cursor = page.next;
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error;
  }
}
