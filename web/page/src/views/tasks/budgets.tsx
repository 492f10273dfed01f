// What may be spent today, and how far it is.
import { polled, usePolls } from "../../live/poll";
import type { Run } from "../../live/wire";
import { Failure, Panel, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";
import { dollars } from "./price";
import type { Budget } from "./wire";

export const budgets = () => polled<Budget[]>("/api/oracle/budgets", 15_000);

/** What is left today of each budget that a task counts against. */
export function leftOf(all: readonly Budget[], { owner, agent }: Run): { name: string; usd: number; limit: number }[] {
  return all
    .filter((budget) => (budget.owner ?? owner) === owner && (budget.agent ?? agent) === agent)
    .map(({ name, limit_usd, spent }) => {
      const used = spent.find((one) => one.owner === owner)?.spent_usd ?? 0;
      return { name, usd: Math.max(0, limit_usd - used), limit: limit_usd };
    });
}

const AFTER: Record<string, string> = { refuse: "new tasks are refused", pause: "queued tasks wait" };

export function Budgets() {
  const read = budgets();
  usePolls(read);
  const all = read.value;
  return (
    <Panel id="budgets" title="Budgets" note={all?.[0] && <>of today; they begin anew at <Time iso={all[0].resets_at} /></>}>
      <Failure poll={read} what="Budgets" />
      <Table
        name="Budgets"
        columns={COLUMNS}
        rows={all?.flatMap(spentOf) ?? []}
        row={({ budget: { name }, owner }) => ({ key: `${name} ${owner}` })}
        empty={
          all ? (
            <>
              Nothing bounds what tasks may cost. A budget is set by <code>[tasks.budgets.NAME]</code> with <code>limit_usd</code> in
              the settings.
            </>
          ) : (
            waiting(read, "the budgets")
          )
        }
      />
    </Panel>
  );
}

/** What one owner has spent of a budget. */
interface Spent {
  budget: Budget;
  owner: string;
  spent_usd: number;
  used_up: boolean;
}

function spentOf(budget: Budget): Spent[] {
  const { spent, owner, limit_usd } = budget;
  const all = spent.length > 0 ? spent : [{ owner: owner ?? "", spent_usd: 0, used_up: limit_usd === 0 }];
  return all.map((one) => ({ budget, ...one }));
}

const COLUMNS: Column<Spent>[] = [
  { head: "Budget", names: true, of: ({ budget }) => budget.name },
  {
    head: "Of",
    of: ({ budget: { owner, agent }, owner: who }) => [who || owner || "each owner", agent && `agent ${agent}`].filter(Boolean).join(", "),
  },
  { head: "Spent", num: true, of: ({ spent_usd }) => dollars(spent_usd) },
  { head: "Limit", num: true, of: ({ budget }) => dollars(budget.limit_usd) },
  {
    head: "Used",
    of: ({ budget: { name, limit_usd: limit }, spent_usd: spent, used_up }) => (
      <>
        <progress value={Math.min(spent, limit)} max={limit || 1} aria-label={`Used of ${name}`} />{" "}
        <span class={used_up ? "down" : "dim"}>{used_up ? "used up" : `${Math.round((spent / limit) * 100)}%`}</span>
      </>
    ),
  },
  { head: "Then", class: "wider", tone: "dim", of: ({ budget: { action } }) => AFTER[action] ?? action },
];
