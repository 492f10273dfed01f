// Tasks: the list, one of them, conversations, what it all costs, webhooks and agents, as the address says.
import { useCommands } from "../../shell/commands";
import { go, hrefOf, useQuery } from "../../shell/route";
import { Agents } from "./agents";
import { Chat } from "./chat";
import { Costs } from "./costs";
import { Tasks } from "./list";
import { One } from "./one";
import { Webhooks } from "./webhooks";

const TABS = { "": "Tasks", chat: "Chat", costs: "Costs", webhooks: "Webhooks", agents: "Agents" } as const;

export default function View({ item }: { item: string }) {
  const [tab] = useQuery("tab");
  useCommands(() => Object.entries(TABS).map(([id, title]) => ({ title: `Show ${title}`, group: "tasks", run: () => go("tasks", "", id ? { tab: id } : {}) })));
  return (
    <>
      <nav class="tabs" aria-label="Parts of tasks">
        {Object.entries(TABS).map(([id, title]) => (
          <a key={id} href={hrefOf("tasks", "", id ? { tab: id } : {})} aria-current={!item && id === tab ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      {item ? <One key={item} id={item} /> : <Tab name={tab} />}
    </>
  );
}

function Tab({ name }: { name: string }) {
  switch (name) {
    case "chat":
      return <Chat />;
    case "costs":
      return <Costs />;
    case "webhooks":
      return <Webhooks />;
    case "agents":
      return <Agents />;
    default:
      return <Tasks />;
  }
}
