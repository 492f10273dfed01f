// The button that gives an actor a new life, and the question before.
import { useState } from "preact/hooks";
import { tree } from "../../live/lists";
import { post, type Problem } from "../../live/rest";
import type { ActorNode } from "../../live/wire";
import { attempt, Confirm, RestartButton } from "../../parts/parts";

export function Restart({ node, failed }: { node: ActorNode; failed: (problem: Problem | undefined) => void }) {
  const [asked, setAsked] = useState(false);
  const restart = async () => {
    setAsked(false);
    failed(
      await attempt(async () => {
        await post(`/api/oracle/actors/${encodeURIComponent(node.name)}/restart`);
        await tree.refresh();
      }),
    );
  };
  return (
    <>
      <RestartButton what={node.name} press={() => setAsked(true)} />
      {asked && (
        <Confirm title={`Restart ${node.name}?`} text={consequence(node)} verb="Restart" yes={() => void restart()} no={() => setAsked(false)} />
      )}
    </>
  );
}

/** How many actors a branch has, itself included. */
export function count(node: ActorNode): number {
  return node.children.reduce((sum, child) => sum + count(child), 1);
}

function consequence(node: ActorNode): string {
  if (node.name.startsWith("socket:")) return "This closes that client's connection; a good client connects again.";
  if (node.children.length) return `This ends and starts the ${count(node) - 1} actors below it too. Their mailboxes are kept.`;
  return "Its life ends and a new one begins. Its mailbox is kept; what it held only in memory is lost.";
}
