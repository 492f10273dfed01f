// Whether a draft would be taken: asked of the server a moment after the last change, and only the newest answer counts.
import { useEffect, useState } from "preact/hooks";
import { Problem, question } from "../../../live/rest";
import type { Checked, Draft } from "../wire";

const TYPED_MS = 300;

export interface Checking {
  /** What the server said of the draft as it was last; undefined before the first answer. */
  told: Checked | undefined;
  /** Whether that is of the draft as it is now. */
  fresh: boolean;
  problem: Problem | undefined;
}

/** `edited` is the id of the alert that is to be replaced; empty for a new one. */
export function useChecking(body: Draft | undefined, edited: string): Checking {
  const text = body && JSON.stringify(body);
  const [state, setState] = useState<{ text: string; told: Checked | undefined; problem: Problem | undefined }>();
  useEffect(() => {
    if (!text) return undefined;
    let current = true;
    const timer = window.setTimeout(() => {
      question("/api/oracle/alerts/check", { rule: JSON.parse(text), ...(edited && { alert_id: edited }) }).then(
        (told) => current && setState({ text, told: told as Checked, problem: undefined }),
        (problem: unknown) => {
          if (!(problem instanceof Problem)) throw problem;
          if (current) setState({ text, told: undefined, problem });
        },
      );
    }, TYPED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, edited]);
  return { told: state?.told, fresh: state?.text === text, problem: state?.problem };
}
