// The rules that tell somebody and how each alert stands; what was told, what happened, and how they do; or one of them, or a new one.
import { go, hrefOf, useRoute } from "../../shell/route";
import { useCommands } from "../../shell/commands";
import { AlertPage } from "./alertpage";
import { Alerts } from "./alerts";
import { Builder } from "./builder/builder";
import { DeliveryList } from "./deliverylist";
import { History } from "./history";
import { Analysis } from "./analysis";

const TABS = { "": "Alerts", history: "History", deliveries: "Deliveries", numbers: "Numbers" } as const;

export default function AlertsView({ item }: { item: string }) {
  const { query } = useRoute();
  useCommands(() => [{ title: "Build an alert rule", group: "alert", run: () => go("alerts", "", { new: "" }) }]);
  const edited = query.get("edit") ?? "";
  if (edited || query.has("new")) {
    const event = query.get("new") ?? "";
    const like = query.get("like") ?? "";
    return <Builder key={`${edited} ${event} ${like}`} edited={edited} event={event} like={like} />;
  }
  if (item) return <AlertPage key={item} id={item} />;
  const tab = query.get("tab") ?? "";
  return (
    <>
      <nav class="tabs" aria-label="Alerts">
        {Object.entries(TABS).map(([id, title]) => (
          <a key={id} href={hrefOf("alerts", "", id ? { tab: id } : {})} aria-current={tab === id ? "page" : undefined}>{title}</a>
        ))}
      </nav>
      {tab === "history" ? <History /> : tab === "deliveries" ? <DeliveryList /> : tab === "numbers" ? <Analysis /> : <Alerts />}
    </>
  );
}
