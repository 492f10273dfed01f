// A small form that opens below a line: what it does, a comment that may be left out, and two buttons.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { attempt, Refusal } from "./parts";
import type { Problem } from "../live/rest";

/** What happens to a sheet in the end. */
export interface Ends {
  done: () => void;
  cancel: () => void;
}

interface SheetProps extends Ends {
  /** What the button says. */
  verb: string;
  /** What comes of it, in a sentence. */
  hint: string;
  /** Ask the server; done when the page shows what became of it. */
  ask: (comment: string) => Promise<void>;
  children?: ComponentChildren;
}

export function Sheet({ verb, hint, ask, done, cancel, children }: SheetProps) {
  const [comment, setComment] = useState("");
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const field = useRef<HTMLInputElement>(null);
  // At once, so that whoever types on is heard here.
  useLayoutEffect(() => field.current?.focus(), []);
  const submit = async () => {
    if (asking) return;
    setAsking(true);
    const refused = await attempt(() => ask(comment.trim()));
    setAsking(false);
    setProblem(refused);
    if (!refused) done();
  };
  return (
    <form
      class="sheet"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <p class="dim">{hint}</p>
      {children}
      <div class="line">
        <input
          ref={field}
          class="field"
          value={comment}
          maxLength={2_000}
          placeholder="Comment (optional)"
          aria-label="Comment"
          onInput={(event) => setComment(event.currentTarget.value)}
        />
        <button type="submit" class="quiet strong" aria-busy={asking}>
          {verb}
        </button>
        <button type="button" class="quiet" onClick={cancel}>
          Cancel
        </button>
      </div>
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
    </form>
  );
}
