// What runs: every actor, every feed, every client, and what nobody handled.
import { Tabs } from "../../parts/tabs";
import { DeadLetters } from "./dead";
import { Feeds } from "./feeds";
import { Sockets } from "./sockets";
import { Tree } from "./tree";

const PARTS = { actors: ["Actors", Tree], feeds: ["Feeds", Feeds], clients: ["Clients", Sockets], dead: ["Dead letters", DeadLetters] } as const;

export default function Runtime({ item }: { item: string }) {
  const [, Part] = PARTS[item as keyof typeof PARTS] ?? PARTS.actors;
  return (
    <>
      <Tabs view="runtime" label="Parts of the runtime" item={item || "actors"} of={Object.entries(PARTS).map(([id, [title]]) => [id, title])} />
      <Part />
    </>
  );
}
