// What is typed stays as it is typed, though the page keeps what it means and draws it anew every moment.
import { useState } from "preact/hooks";

/** The text of a field and what to do with one that is typed; the latter says what it means. A text that means what is kept (`0.` is 0, a comma
 * ends a list) is not taken away, nor is an empty one where nothing is kept; else the text of `value`, which something else has changed. */
export function useTyped<T>(value: T, textOf: (value: T) => string, meant: (text: string) => T): [text: string, type: (text: string) => T] {
  const [typed, setTyped] = useState(() => textOf(value));
  const stands = JSON.stringify(meant(typed)) === JSON.stringify(value) || (typed === "" && !value);
  const type = (text: string) => {
    setTyped(text);
    return meant(text);
  };
  return [stands ? typed : textOf(value), type];
}
