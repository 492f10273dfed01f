// The views of the page, in the order of the navigation. Each is fetched when it is first wanted.
import type { FunctionComponent } from "preact";

/** `item` is the rest of the address after the view's id: a symbol, the id of a run; empty for none. */
export type View = FunctionComponent<{ item: string }>;

export interface ViewEntry {
  id: string;
  title: string;
  /** The key after `g` that leads there. */
  key: string;
  load: () => Promise<{ default: View }>;
}

export const VIEWS: readonly ViewEntry[] = [
  { id: "overview", title: "Overview", key: "o", load: () => import("../views/overview/index") },
  { id: "markets", title: "Markets", key: "m", load: () => import("../views/markets/index") },
  { id: "watchdogs", title: "Watchdogs", key: "w", load: () => import("../views/watchdogs/index") },
  { id: "alerts", title: "Alerts", key: "a", load: () => import("../views/alerts/index") },
  { id: "trading", title: "Trading", key: "t", load: () => import("../views/trading/index") },
  { id: "experiments", title: "Experiments", key: "e", load: () => import("../views/experiments/index") },
  { id: "tasks", title: "Tasks", key: "k", load: () => import("../views/tasks/index") },
  { id: "runtime", title: "Runtime", key: "r", load: () => import("../views/runtime/index") },
  { id: "settings", title: "Settings", key: "s", load: () => import("../views/settings/index") },
];
