// A new task: what is asked, and of whom.
import { post } from "../../live/rest";
import { polled, usePolls } from "../../live/poll";
import { Field, FormDialog } from "../../parts/form";
import { go } from "../../shell/route";
import type { Agent } from "./wire";

export const agents = () => polled<Agent[]>("/api/agents", 60_000);

/** Whom to ask where nobody is chosen. */
export function presetOf(known: readonly Agent[] | undefined): string {
  return known?.some(({ name }) => name === "demo") ? "demo" : "brain";
}

export function NewTask({ shut }: { shut: () => void }) {
  const known = agents();
  usePolls(known);
  const ask = async (said: FormData) => {
    const text = (name: string) => String(said.get(name) ?? "").trim();
    const made = (await post("/api/tasks", {
      input_message: text("input_message"),
      assigned_agent: text("assigned_agent"),
      source: "dashboard",
      session_id: "page",
      agent_type: "custom",
      ...(text("model") && { model: text("model") }),
      ...(text("conversation_id") && { conversation_id: text("conversation_id") }),
    })) as { task_id: string };
    go("tasks", made.task_id);
  };
  return (
    <FormDialog title="New task" verb="Create" ask={ask} shut={shut}>
      <Field name="input_message" label="What is asked" rows={5} />
      <Field
        name="assigned_agent"
        label="Agent"
        key={known.value ? "known" : "unknown"}
        value={presetOf(known.value)}
        offered={(known.value ?? []).map(({ name }) => name)}
        hint="demo: a small program that repeats what it is asked, no model; others wait for a worker of that name"
      />
      <Field name="model" label="Model" hint="what its tokens are priced by, like sonnet-4" />
      <Field name="conversation_id" label="Conversation" hint="its answer is said there" />
    </FormDialog>
  );
}
