// How this page looks, who may come in, what is configured, and what the server runs on.
import { Tabs } from "../../parts/tabs";
import { Dashboard } from "./dashboard";
import { InForce } from "./in_force";
import { Looks } from "./looks";
import { Tokens } from "./tokens";

const PARTS = { page: ["This page", Looks], tokens: ["Tokens", Tokens], dashboard: ["Services", Dashboard], server: ["Server", InForce] } as const;

export default function Settings({ item }: { item: string }) {
  const [, Part] = PARTS[item as keyof typeof PARTS] ?? PARTS.page;
  return (
    <>
      <Tabs view="settings" label="Parts of the settings" item={item || "page"} of={Object.entries(PARTS).map(([id, [title]]) => [id, title])} />
      <Part />
    </>
  );
}
