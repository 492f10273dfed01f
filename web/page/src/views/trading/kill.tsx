// The kill switch: a word has to be typed, a reason can be given, and everybody sees who did it and when it may be undone.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { age } from "../../live/format";
import { useParts } from "../../live/paint";
import { post, type Problem } from "../../live/rest";
import { attempt, Failure, Panel, Refusal, Time } from "../../parts/parts";
import { switches, useKinds } from "./kinds";
import { desk, killActs, useLists } from "./lists";
import type { KillSwitch as Switch } from "./wire";

export function KillSwitch() {
  useKinds(switches);
  useLists(killActs, desk);
  const now = switches.values.get("kill");
  return (
    <Panel
      id="kill-switch"
      title="Kill switch"
      controls={
        now && (
          <strong class={`state ${now.on ? "tripped" : "armed"}`}>{now.on ? "trading is halted" : "trading may go on"}</strong>
        )
      }
    >
      {now?.on ? <Halted now={now} /> : <Armed ready={now !== undefined} />}
      <History />
    </Panel>
  );
}

function Armed({ ready }: { ready: boolean }) {
  const cooldown = desk.value && desk.value.kill_switch_cooldown_s / 60;
  return (
    <Act action="activate" word="KILL" verb="Halt trading" disabled={!ready}>
      Cancels every open order and refuses all others, exits too. What is held stays. It can be undone{" "}
      {cooldown === undefined
        ? "once its cooldown is over"
        : `after ${cooldown === 1 ? "a minute" : `${Math.round(cooldown * 10) / 10} minutes`} at the earliest`}
      .
    </Act>
  );
}

function Halted({ now }: { now: Switch }) {
  useParts("clock");
  const left = now.not_before ? (Date.parse(now.not_before) - Date.now()) / 1_000 : 0;
  return (
    <>
      <p class="kill-why">
        Halted by {now.by} since <Time iso={now.since} />
        {now.reason ? <q>{now.reason}</q> : ", without a reason"}
      </p>
      <Act action="deactivate" word="RESUME" verb="Resume trading" disabled={left > 0}>
        {left > 0 && now.not_before ? (
          <>
            It may be resumed in <strong class="num">{age(Math.ceil(left))}</strong>, at <Time iso={now.not_before} />.
          </>
        ) : (
          "The cooldown is over: trading may be resumed."
        )}
      </Act>
    </>
  );
}

interface ActProps {
  action: "activate" | "deactivate";
  word: string;
  verb: string;
  disabled: boolean;
  children: ComponentChildren;
}

function Act({ action, word, verb, disabled, children }: ActProps) {
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [asking, setAsking] = useState(false);
  const [refused, setRefused] = useState<Problem>();
  const submit = async () => {
    if (asking || typed !== word) return;
    setAsking(true);
    const problem = await attempt(async () => {
      await post("/api/risk/kill-switch", { action, confirmation: typed, reason: reason.trim() || null });
      setTyped("");
      setReason("");
    });
    setAsking(false);
    setRefused(problem);
  };
  return (
    <form class="kill" onSubmit={(event) => (event.preventDefault(), void submit())}>
      <p class="dim">{children}</p>
      <div class="line">
        <input
          class="field word"
          value={typed}
          placeholder={`Type ${word}`}
          aria-label={`Type ${word} to confirm`}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <input
          class="field"
          value={reason}
          maxLength={2_000}
          placeholder="Reason"
          aria-label="Reason"
          onInput={(event) => setReason(event.currentTarget.value)}
        />
        <button
          type="submit"
          class={`quiet ${action === "activate" ? "danger" : "strong"}`}
          disabled={disabled || typed !== word}
          aria-busy={asking}
        >
          {verb}
        </button>
      </div>
      <Refusal problem={refused} clear={() => setRefused(undefined)} />
    </form>
  );
}

const DONE: Record<string, string> = {
  done: "",
  unchanged: " (it was so already)",
  undone: " (it could not be stored, and was taken back)",
};

function History() {
  const acts = killActs.value ?? [];
  if (acts.length === 0) return killActs.problem ? <Failure poll={killActs} what="Its history" /> : null;
  return (
    <>
      <h3>Who did what</h3>
      <ul class="acts" aria-label="History of the kill switch">
        {acts.map(({ at, action, by, reason, outcome }) => (
          <li key={at + action}>
            <Time iso={at} />
            <span>
              {action === "activate" ? "halted" : "resumed"} by {by}
              {DONE[outcome] ?? ` (${outcome})`}
              {reason && <q>{reason}</q>}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
