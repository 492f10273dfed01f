// How much trading may do without a human: less at once, more one step at a time.
import { useState } from "preact/hooks";
import { post, type Problem } from "../../live/rest";
import { attempt, Nothing, Panel, Refusal, Time } from "../../parts/parts";
import { autonomies, useKinds } from "./kinds";

/** From least to most. */
const MODES = [
  ["PAPER_ONLY", "Paper only", "orders go to no real account"],
  ["MANUAL_APPROVAL", "Manual approval", "each order waits for a human"],
  ["BOUNDED_AUTONOMOUS", "Bounded", "large orders wait for a human"],
  ["FULL_AUTONOMOUS", "Full", "no order waits"],
] as const;

export function Autonomy() {
  useKinds(autonomies);
  const [asking, setAsking] = useState("");
  const [word, setWord] = useState("");
  const [refused, setRefused] = useState<Problem>();
  const now = autonomies.values.get("desk");
  const at = MODES.findIndex(([mode]) => mode === now?.mode);
  const choose = async (mode: string) => {
    if (asking) return;
    setAsking(mode);
    setRefused(await attempt(async () => void (await post("/api/risk/autonomy", { mode, confirmation: word }))));
    setAsking("");
    setWord("");
  };
  return (
    <Panel
      id="autonomy"
      title="Autonomy"
      note={
        now && (
          <>
            set by {now.by}, <Time iso={now.since} />
          </>
        )
      }
    >
      <Refusal problem={refused} clear={() => setRefused(undefined)} />
      {!now && <Nothing>It is not known yet how much trading may do.</Nothing>}
      <ul class="modes">
        {now &&
          MODES.map(([mode, title, meaning], place) => (
            <li key={mode} aria-current={place === at ? "true" : undefined}>
              <strong>{title}</strong> <span class="dim">{meaning}</span>
              {place === at ? (
                <span class="state armed">in force</span>
              ) : place <= at + 1 ? (
                <button
                  type="button"
                  class="quiet"
                  aria-label={`${place < at ? "Less" : "More"}: ${title}`}
                  aria-busy={asking === mode}
                  disabled={mode === "FULL_AUTONOMOUS" && word !== mode}
                  onClick={() => void choose(mode)}
                >
                  {place < at ? "Less" : "More"}
                </button>
              ) : (
                <span class="dim">later</span>
              )}
              {mode === "FULL_AUTONOMOUS" && place === at + 1 && (
                <input
                  class="field"
                  value={word}
                  placeholder={`Type ${mode}`}
                  aria-label={`Type ${mode} to confirm`}
                  autocomplete="off"
                  onInput={(event) => setWord(event.currentTarget.value)}
                />
              )}
            </li>
          ))}
      </ul>
    </Panel>
  );
}
