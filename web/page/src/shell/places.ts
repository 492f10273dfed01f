// Everything that has a name and a place of its own, for the palette: symbols, watchdogs, alerts, actors.
import { rules, tree, watchdogs } from "../live/lists";
import { symbols } from "../live/markets";
import type { ActorNode } from "../live/wire";
import { type Command, offer } from "./commands";
import { go } from "./route";

offer(() => [
  ...symbols().map((symbol) => placed(symbol, "symbol", "markets", symbol)),
  ...(watchdogs.value ?? []).map(({ name }) => placed(name, "watchdog", "watchdogs", name)),
  ...(rules.value ?? []).map(({ alert_id, name }) => placed(name, "alert", "alerts", alert_id)),
  ...namesOf(tree.value).map((name) => ({ title: name, group: "actor", run: () => go("runtime", "actors", { find: name }) })),
]);

/** Ask for the names anew; done when they are in. */
export async function renamed(): Promise<void> {
  await Promise.all([watchdogs.refresh(), rules.refresh(), tree.refresh()]);
}

function placed(title: string, group: string, view: string, item: string): Command {
  return { title, group, run: () => go(view, item) };
}

function namesOf(node: ActorNode | undefined): string[] {
  return node ? [node.name, ...node.children.flatMap(namesOf)] : [];
}
