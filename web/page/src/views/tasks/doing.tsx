// What may be done with a task: stop it, tell it something it waits for, have the same done again.
import { useState } from "preact/hooks";
import { post, type Problem } from "../../live/rest";
import { isOver } from "../../live/run";
import type { Run } from "../../live/wire";
import { attempt } from "../../parts/parts";
import { go } from "../../shell/route";
import { askedOf } from "./wire";

interface DeedsProps {
  run: Run;
  failed: (problem: Problem | undefined) => void;
  done: () => void;
}

const place = (id: string, what: string) => `/api/tasks/${encodeURIComponent(id)}/${what}`;

export async function stop(id: string): Promise<void> {
  await post(place(id, "stop"));
}

/** The same asked of the same agent, as another task; its id. */
async function again(run: Run): Promise<string> {
  const { agent_type } = run.params as { agent_type?: string };
  const made = (await post("/api/tasks", {
    input_message: askedOf(run),
    assigned_agent: run.agent || "brain",
    source: "dashboard",
    source_metadata: { again: run.id },
    session_id: "page",
    ...(agent_type && { agent_type }),
    ...(run.conversation && { conversation_id: run.conversation }),
    ...(run.model && { model: run.model }),
  })) as { task_id: string };
  return made.task_id;
}

export function Deeds({ run, failed, done }: DeedsProps) {
  const [asking, setAsking] = useState(false);
  const press = async (work: () => Promise<void>) => {
    setAsking(true);
    failed(await attempt(work));
    setAsking(false);
    done();
  };
  if (!isOver(run)) {
    return (
      <button type="button" class="quiet" aria-label={`Stop ${run.id}`} disabled={asking} onClick={() => void press(() => stop(run.id))}>
        Stop
      </button>
    );
  }
  return (
    <button
      type="button"
      class="quiet"
      aria-label={`Run again ${run.id}`}
      title="The same asked of the same agent, as another task"
      disabled={asking}
      onClick={() => void press(async () => go("tasks", await again(run)))}
    >
      Run again
    </button>
  );
}

/** Words for a task that is at work: one that waits for them goes on. */
export function Words({ run, failed }: { run: Run; failed: (problem: Problem | undefined) => void }) {
  const [text, setText] = useState("");
  if (isOver(run) || (run.status !== "waiting" && run.status !== "running")) return null;
  const tell = async () => {
    const problem = await attempt(async () => void (await post(place(run.id, "input"), { message: text })));
    failed(problem);
    if (!problem) setText("");
  };
  return (
    <form
      class="line talk"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) void tell();
      }}
    >
      <input
        class="field"
        value={text}
        aria-label="Tell the task"
        placeholder={run.status === "waiting" ? "It waits for your words" : "Tell it something"}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="quiet strong" disabled={!text.trim()}>Tell it</button>
    </form>
  );
}
