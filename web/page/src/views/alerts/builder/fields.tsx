// The fields of a form: each has a name, a unit or a hint, and below it what the server says is wrong with it.
import { type ComponentChildren, createContext } from "preact";
import { useContext, useId } from "preact/hooks";
import { useTyped } from "../../../parts/typed";

/** What is wrong with a field, in the words of the server; undefined where nothing is. */
export const Wrongs = createContext<(field: string) => string | undefined>(() => undefined);

interface Named {
  /** Its path in the rule, as the server names it. */
  field: string;
  label: string;
  hint?: ComponentChildren;
}

function Frame({ field, label, hint, id, children, unit }: Named & { id: string; children: ComponentChildren; unit?: string | undefined }) {
  const wrong = useContext(Wrongs)(field);
  return (
    <div class="entry" data-field={field}>
      <label for={id}>{label}</label>
      <div class="of">
        {children}
        {unit && <span class="unit dim">{unit}</span>}
      </div>
      <p id={`${id}-said`} class={wrong ? "wrong" : "dim"}>{wrong ?? hint}</p>
    </div>
  );
}

function useAttributes(field: string): { id: string; "aria-invalid": boolean; "aria-describedby": string } {
  const id = useId();
  const wrong = useContext(Wrongs)(field);
  return { id, "aria-invalid": wrong !== undefined, "aria-describedby": `${id}-said` };
}

interface TextProps extends Named {
  value: string;
  set: (value: string) => void;
  /** A secret is not shown, and kept by no browser. */
  secret?: boolean;
  /** Words to choose from, or to begin with. */
  list?: readonly string[];
  rows?: number;
  placeholder?: string;
  readOnly?: boolean;
}

export function TextField({ value, set, secret = false, list, rows, placeholder, readOnly = false, ...named }: TextProps) {
  const attributes = useAttributes(named.field);
  const { id } = attributes;
  return (
    <Frame {...named} id={id}>
      {rows ? (
        <textarea {...attributes} class="field" rows={rows} value={value} placeholder={placeholder} spellcheck={false} onInput={(event) => set(event.currentTarget.value)} />
      ) : secret ? (
        <input {...attributes} class="field" type="password" autocomplete="new-password" value={value} onInput={(event) => set(event.currentTarget.value)} />
      ) : (
        <input
          {...attributes}
          class="field"
          autocomplete="off"
          spellcheck={false}
          value={value}
          placeholder={placeholder}
          readOnly={readOnly}
          list={list && `${id}-list`}
          onInput={(event) => set(event.currentTarget.value)}
        />
      )}
      {list && <datalist id={`${id}-list`}>{list.map((one) => <option key={one} value={one} />)}</datalist>}
    </Frame>
  );
}

/** Texts with commas between them. */
export function ListField({ value, set, ...rest }: Omit<TextProps, "value" | "set"> & { value: readonly string[]; set: (value: string[]) => void }) {
  const [text, type] = useTyped([...value], (all) => all.join(", "), (typed) => typed.split(",").map((one) => one.trim()).filter(Boolean));
  return <TextField {...rest} value={text} set={(typed) => set(type(typed))} />;
}

interface NumberProps extends Named {
  value: number | null | undefined;
  /** Null where the field is empty. */
  set: (value: number | null) => void;
  unit?: string;
  whole?: boolean;
  least?: number;
  placeholder?: string;
}

export function NumberField({ value, set, unit, whole = false, least, placeholder, ...named }: NumberProps) {
  const attributes = useAttributes(named.field);
  const [text, type] = useTyped(value ?? null, (one) => String(one ?? ""), (typed) => (typed === "" ? null : Number(typed)));
  return (
    <Frame {...named} id={attributes.id} unit={unit}>
      <input
        {...attributes}
        class="field num"
        type="number"
        step={whole ? 1 : "any"}
        min={least}
        placeholder={placeholder}
        value={text}
        onInput={(event) => set(type(event.currentTarget.value))}
      />
    </Frame>
  );
}

interface PicksProps extends Named {
  of: readonly (readonly [value: string, word: string])[];
  value: readonly string[];
  set: (value: string[]) => void;
}

/** Any of several. */
export function Picks({ field, label, hint, of, value, set }: PicksProps) {
  const id = useId();
  const wrong = useContext(Wrongs)(field);
  const gone = value.filter((one) => !of.some(([own]) => own === one)).map((one) => [one, one] as const);
  return (
    <fieldset class="entry" data-field={field} aria-describedby={`${id}-said`}>
      <legend>{label}</legend>
      <div class="chips">
        {[...of, ...gone].map(([own, word]) => (
          <label key={own} class="chip">
            <input type="checkbox" checked={value.includes(own)} onChange={(event) => set(event.currentTarget.checked ? [...value, own] : value.filter((one) => one !== own))} />
            <span>{word}</span>
          </label>
        ))}
      </div>
      <p id={`${id}-said`} class={wrong ? "wrong" : "dim"}>{wrong ?? hint}</p>
    </fieldset>
  );
}

export function Tick({ label, value, set }: { label: string; value: boolean; set: (value: boolean) => void }) {
  return (
    <label class="tick">
      <input type="checkbox" checked={value} onChange={(event) => set(event.currentTarget.checked)} /> {label}
    </label>
  );
}

/** One of several, where they are too many to stand side by side. */
export function SelectField({ value, set, of, ...named }: Named & { value: string; set: (value: string) => void; of: readonly (readonly [value: string, word: string])[] }) {
  const attributes = useAttributes(named.field);
  return (
    <Frame {...named} id={attributes.id}>
      <select {...attributes} class="field" value={value} onChange={(event) => set(event.currentTarget.value)}>
        {!of.some(([one]) => one === value) && <option value={value}>{value || "choose"}</option>}
        {of.map(([one, word]) => <option key={one} value={one}>{word}</option>)}
      </select>
    </Frame>
  );
}
