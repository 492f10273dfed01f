// Trading: the account, orders, risk, and what strategies do and would have done.
import type { FunctionComponent } from "preact";
import { Nothing } from "../../parts/parts";
import { Tabs } from "../../parts/tabs";
import { useCommands } from "../../shell/commands";
import { go } from "../../shell/route";
import { AccountTab } from "./account";
import { Backtests } from "./backtests";
import { Execution } from "./execution";
import { Jobs } from "./jobs";
import { Journal } from "./journal";
import { Log } from "./log";
import { OrdersTab } from "./orders";
import { Risk } from "./risk";
import { Scanner } from "./scanner";
import { Strategies } from "./strategies";

interface Tab {
  id: string;
  title: string;
  View: FunctionComponent;
}

const TABS: readonly Tab[] = [
  { id: "", title: "Account", View: AccountTab },
  { id: "orders", title: "Orders", View: OrdersTab },
  { id: "risk", title: "Risk", View: Risk },
  { id: "scanner", title: "Scanner", View: Scanner },
  { id: "strategies", title: "Strategies", View: Strategies },
  { id: "backtests", title: "Backtests", View: Backtests },
  { id: "execution", title: "Execution", View: Execution },
  { id: "journal", title: "Journal", View: Journal },
  { id: "log", title: "Log", View: Log },
  { id: "jobs", title: "Jobs", View: Jobs },
];

export default function Trading({ item }: { item: string }) {
  const shown = TABS.find(({ id }) => id === item);
  useCommands(() => [
    ...TABS.map(({ id, title }) => ({ title: `Trading: ${title}`, group: "trading", run: () => go("trading", id) })),
    { title: "Halt or resume trading", group: "kill switch", run: () => go("trading", "risk") },
    { title: "Give an order", group: "trading", run: () => go("trading", "orders") },
  ]);
  return (
    <>
      <Tabs view="trading" label="Parts of trading" item={item} of={TABS.map(({ id, title }) => [id, title] as const)} />
      {shown ? <shown.View key={shown.id} /> : <Nothing>There is no part of trading called “{item}”.</Nothing>}
    </>
  );
}
