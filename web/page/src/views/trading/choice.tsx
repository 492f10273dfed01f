// One of a few words, side by side.
import { useId } from "preact/hooks";

interface ChoiceProps {
  /** What is chosen, for who doesn't see the row. */
  name: string;
  options: readonly string[];
  chosen: string;
  choose: (option: string) => void;
}

export function Choice({ name, options, chosen, choose }: ChoiceProps) {
  const group = useId();
  return (
    <div class="choice" role="radiogroup" aria-label={name}>
      {options.map((option) => (
        <label key={option}>
          <input type="radio" name={group} checked={option === chosen} onChange={() => choose(option)} />
          <span>{option}</span>
        </label>
      ))}
    </div>
  );
}
