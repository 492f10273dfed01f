// What is asked of the rows of a list: of each one thing at a time, of several at once, and what became of it.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Problem } from "../../live/rest";
import { attempt, Refusal } from "../../parts/parts";

export interface Deeds {
  /** Whether something is being asked of this one. */
  asks: (id: string) => boolean;
  /** Ask something of it; `work` answers in a sentence what became of that. */
  act: (id: string, work: () => Promise<string>) => Promise<void>;
  /** The server's no, or what was done last. */
  word: ComponentChildren;
  /** Whether there is such a word. */
  told: boolean;
}

export function useDeeds(): Deeds {
  const asking = useRef(new Set<string>()).current;
  const [, setTurn] = useState(0);
  const [refused, setRefused] = useState<Problem>();
  const [done, setDone] = useState("");
  const act = async (id: string, work: () => Promise<string>) => {
    if (asking.has(id)) return;
    asking.add(id);
    setTurn((turn) => turn + 1);
    const problem = await attempt(async () => setDone(await work()));
    if (problem) setDone("");
    setRefused(problem);
    asking.delete(id);
    setTurn((turn) => turn + 1);
  };
  const word = (
    <>
      <Refusal problem={refused} clear={() => setRefused(undefined)} />
      {done && (
        <p class="done" role="status">
          {done}
        </p>
      )}
    </>
  );
  return { asks: (id) => asking.has(id), act, word, told: done !== "" || refused !== undefined };
}
