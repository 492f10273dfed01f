// What may be spent today, and how far it is.
import { polled, usePolls } from "../../live/poll";
import type { Run } from "../../live/wire";
import { Failure, Nothing, Panel, Time, waiting } from "../../parts/parts";
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
      {!all ? (
        <Nothing>{waiting(read, "the budgets")}</Nothing>
      ) : all.length === 0 ? (
        <Nothing>
          Nothing bounds what tasks may cost. A budget is set by <code>[tasks.budgets.NAME]</code> with <code>limit_usd</code> in
          the settings.
        </Nothing>
      ) : (
        <table>
          <caption class="unseen">Budgets</caption>
          <thead>
            <tr>
              <th scope="col">Budget</th>
              <th scope="col">Of</th>
              <th scope="col" class="num">Spent</th>
              <th scope="col" class="num">Limit</th>
              <th scope="col">Used</th>
              <th scope="col" class="wider">Then</th>
            </tr>
          </thead>
          <tbody>{all.flatMap(rowsOf)}</tbody>
        </table>
      )}
    </Panel>
  );
}

function rowsOf(budget: Budget) {
  const { name, limit_usd, owner, agent, action } = budget;
  const spent = budget.spent.length > 0 ? budget.spent : [{ owner: owner ?? "", spent_usd: 0, used_up: limit_usd === 0 }];
  return spent.map((one) => (
    <tr key={`${name} ${one.owner}`}>
      <th scope="row">{name}</th>
      <td>{[one.owner || owner || "each owner", agent && `agent ${agent}`].filter(Boolean).join(", ")}</td>
      <td class="num">{dollars(one.spent_usd)}</td>
      <td class="num">{dollars(limit_usd)}</td>
      <td>
        <progress value={Math.min(one.spent_usd, limit_usd)} max={limit_usd || 1} aria-label={`Used of ${name}`} />{" "}
        <span class={one.used_up ? "down" : "dim"}>{one.used_up ? "used up" : `${Math.round((one.spent_usd / limit_usd) * 100)}%`}</span>
      </td>
      <td class="wider dim">{AFTER[action] ?? action}</td>
    </tr>
  ));
}
