// One of a few words, side by side.
import { useId } from "preact/hooks";

interface ChoiceProps<T extends string> {
  /** What is chosen, for who doesn't see it. */
  label: string;
  /** The values, or each with the word that is shown. */
  of: readonly (T | readonly [value: T, word: string])[];
  value: T;
  choose: (value: T) => void;
}

export function Choice<T extends string>({ label, of, value, choose }: ChoiceProps<T>) {
  const name = useId();
  return (
    <div class="choice" role="radiogroup" aria-label={label}>
      {of.map((one) => {
        const [own, word] = typeof one === "string" ? [one, one] : one;
        return (
          <label key={own}>
            <input type="radio" name={name} checked={own === value} onChange={() => choose(own)} />
            <span>{word}</span>
          </label>
        );
      })}
    </div>
  );
}
