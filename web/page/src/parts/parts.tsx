// The small pieces every panel is made of.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { clockTime, localTime, utcTime } from "../live/format";
import type { Poll } from "../live/poll";
import { Problem } from "../live/rest";
import { stream } from "../live/link";

interface PanelProps {
  id: string;
  title: string;
  /** A few words beside the title. */
  note?: ComponentChildren;
  /** Controls at the right end of the title line. */
  controls?: ComponentChildren;
  children: ComponentChildren;
}

export function Panel({ id, title, note, controls, children }: PanelProps) {
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {note && <span class="note">{note}</span>}
        {controls && <div class="controls">{controls}</div>}
      </header>
      {children}
    </section>
  );
}

/** What stands in a panel that has nothing to show: loading, or the reason and what to do about it. */
export function Nothing({ children }: { children: ComponentChildren }) {
  if (!children) return null;
  return <p class="nothing">{children}</p>;
}

/** The failure of a list, above what was known before it. */
export function Failure({ poll, what }: { poll: Poll<unknown>; what: string }) {
  const { problem } = poll;
  if (!problem || problem.status === 401) return null;
  // A server that is gone is said once, at the top.
  if (problem.status === 0 && stream.link !== "live") return null;
  return (
    <p class="failure" role="status">
      {what} {poll.value === undefined ? "could not be read" : "may be old"}. {problem.message}{" "}
      <button type="button" class="quiet" onClick={() => void poll.refresh()}>
        Try again
      </button>
    </p>
  );
}

/** What stands where a list will be. */
export function waiting({ problem }: Poll<unknown>, what: string): string {
  if (!problem) return `Reading ${what}.`;
  if (problem.status === 401) return "For holders of a token.";
  return problem.status === 0 ? "Waiting for the server." : ""; // else the Failure above has said it
}

/** Local time, with UTC in the tooltip; without the day where a heading has it. */
export function Time({ iso, bare = false }: { iso: string; bare?: boolean }) {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return <span>{iso}</span>;
  return (
    <time class="num" dateTime={iso} title={utcTime(at)}>
      {bare ? clockTime(at) : localTime(at, new Date())}
    </time>
  );
}

/** The mark that must stand wherever a number was made here and not on a venue. */
export function Simulated() {
  return (
    <abbr class="sim" title="Simulated: made by the built-in market, not by a venue">
      simulated
    </abbr>
  );
}

interface SwitchProps {
  on: boolean;
  label: string;
  /** Ask the server; done when the list shows the new state. */
  change: (on: boolean) => Promise<void>;
  failed: (problem: Problem | undefined) => void;
}

/** A switch that shows the wish while the server is asked, and the truth afterwards. */
export function Switch({ on, label, change, failed }: SwitchProps) {
  const [wish, setWish] = useState<boolean>();
  const flip = async () => {
    if (wish !== undefined) return;
    setWish(!on);
    failed(await attempt(() => change(!on)));
    setWish(undefined);
  };
  return (
    <button
      type="button"
      class="switch"
      role="switch"
      aria-checked={wish ?? on}
      aria-label={label}
      aria-busy={wish !== undefined}
      onClick={() => void flip()}
    >
      <span />
    </button>
  );
}

/** The button that ends a life and begins the next. */
export function RestartButton({ what, disabled = false, press }: { what: string; disabled?: boolean; press: () => void }) {
  return (
    <button type="button" class="icon" aria-label={`Restart ${what}`} title="Restart" disabled={disabled} onClick={press}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M13 8a5 5 0 1 1-1.6-3.7M13 2.2v2.6h-2.6" />
      </svg>
    </button>
  );
}

/** Do it; the Problem, if there was one. */
export async function attempt(work: () => Promise<void>): Promise<Problem | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** A refusal of something the reader asked for. */
export function Refusal({ problem, clear }: { problem: Problem | undefined; clear: () => void }) {
  if (!problem) return null;
  return (
    <p class="failure" role="alert">
      {problem.message}{" "}
      <button type="button" class="quiet" onClick={clear}>
        Dismiss
      </button>
    </p>
  );
}

interface ConfirmProps {
  title: ComponentChildren;
  text: string;
  verb: string;
  yes: () => void;
  no: () => void;
}

/** A question before something that cannot be taken back. Escape is no. */
export function Confirm({ title, text, verb, yes, no }: ConfirmProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const agree = () => {
    dialog.current?.close(); // gives the focus back to what was pressed
    yes();
  };
  return (
    <dialog ref={dialog} aria-labelledby="confirm-title" aria-describedby="confirm-text" onClose={no}>
      <h2 id="confirm-title">{title}</h2>
      <p id="confirm-text">{text}</p>
      <form method="dialog">
        <button type="submit">Cancel</button>
        <button type="button" class="strong" onClick={agree}>
          {verb}
        </button>
      </form>
    </dialog>
  );
}
