// What may be done with an experiment as it is now, and asking for it.
import { useState } from "preact/hooks";
import { attempt, Confirm } from "../../parts/parts";
import { post, type Problem } from "../../live/rest";
import type { Run } from "../../live/wire";

export type Action = "start" | "pause" | "resume" | "stop" | "abort";

const ALLOWED: Record<string, readonly Action[]> = {
  created: ["start", "abort"],
  queued: ["abort"],
  running: ["pause", "stop", "abort"],
  waiting: ["stop", "abort"],
  paused: ["resume", "stop", "abort"],
};
export const WORDS: Record<Action, string> = { start: "Start", pause: "Pause", resume: "Resume", stop: "Stop", abort: "Abort" };

export function allowed({ status }: Run): readonly Action[] {
  return ALLOWED[status] ?? [];
}

export async function control(id: string, action: Action): Promise<void> {
  await post(`/api/v1/experiments/${encodeURIComponent(id)}/control`, { action });
}

/** The small experiment that shows how one looks; its id. */
export async function runSmall(): Promise<string> {
  const made = (await post("/api/v1/experiments", {
    name: "Small experiment",
    scenario: "basic_fl",
    description: "Five rounds of federated averaging over 1,797 handwritten digits, held by five clients.",
    configuration: { dataset: "digits", model: "cnn", rounds: 5, clients_per_round: 3 },
  })) as { experiment: { id: string } };
  await control(made.experiment.id, "start");
  return made.experiment.id;
}

interface DeedsProps {
  run: Run;
  failed: (problem: Problem | undefined) => void;
  /** Its state came by another way than the stream. */
  done: () => void;
}

export function Deeds({ run, failed, done }: DeedsProps) {
  const [asking, setAsking] = useState<Action>();
  const [sure, setSure] = useState(false);
  const called = run.name || run.id;
  const press = async (action: Action) => {
    setSure(false);
    setAsking(action);
    failed(await attempt(() => control(run.id, action)));
    setAsking(undefined);
    done();
  };
  return (
    <>
      {allowed(run).map((action) => (
        <button
          key={action}
          type="button"
          class="quiet"
          aria-label={`${WORDS[action]} ${called}`}
          aria-busy={asking === action}
          disabled={asking !== undefined}
          onClick={() => (action === "abort" ? setSure(true) : void press(action))}
        >
          {WORDS[action]}
        </button>
      ))}
      {sure && (
        <Confirm
          title={`Abort ${called}?`}
          text="It is given up, and what it has found so far is no result. To keep that, stop it instead."
          verb="Abort it"
          yes={() => void press("abort")}
          no={() => setSure(false)}
        />
      )}
    </>
  );
}
