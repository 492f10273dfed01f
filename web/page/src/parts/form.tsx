// A form in a dialog: fields with their units, what the server says of each at its place, and two buttons.
import { type ComponentChildren, createContext } from "preact";
import { useContext, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../live/rest";
import { attempt, Refusal } from "./parts";

const Wrong = createContext<Problem | undefined>(undefined);

interface FormProps {
  title: string;
  /** What the button says. */
  verb: string;
  /** Ask the server; the dialog is shut once that is done. */
  ask: (said: FormData) => Promise<void>;
  shut: () => void;
  children: ComponentChildren;
}

export function FormDialog({ title, verb, ask, shut, children }: FormProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState<Problem>();
  const [asking, setAsking] = useState(false);
  const id = useId();
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const submit = async (form: HTMLFormElement) => {
    if (asking) return;
    setAsking(true);
    const refused = await attempt(() => ask(new FormData(form)));
    setAsking(false);
    setProblem(refused);
    if (!refused) dialog.current?.close();
  };
  return (
    <dialog ref={dialog} class="preset" aria-labelledby={id} onClose={shut}>
      <h2 id={id}>{title}</h2>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <Wrong.Provider value={problem}>{children}</Wrong.Provider>
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
        <div class="ends">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="strong" aria-busy={asking}>
            {verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

interface FieldProps {
  /** As the server calls it: what it says of a field is shown there. */
  name: string;
  label: string;
  value?: string | number;
  /** A unit, or what is meant. */
  hint?: string;
  type?: "text" | "number" | "password" | "datetime-local";
  choices?: readonly (string | { value: string; title: string })[];
  /** A text of several lines. */
  rows?: number;
  /** What may be typed among other things. */
  offered?: readonly string[];
  change?: (value: string) => void;
}

export function Field({ name, label, hint, ...rest }: FieldProps) {
  const wrong = useContext(Wrong)?.wrong.find(({ field }) => field === name)?.message;
  const id = useId();
  const about = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined;
  return (
    <div class="formline">
      <label htmlFor={id}>{label}</label>
      <Control id={id} name={name} about={about} invalid={wrong !== undefined} {...rest} />
      {hint && <span class="dim" id={`${id}-hint`}>{hint}</span>}
      {wrong && <span class="down" id={`${id}-wrong`} role="alert">{wrong}</span>}
    </div>
  );
}

type ControlProps = Omit<FieldProps, "label" | "hint"> & { id: string; about: string | undefined; invalid: boolean };

function Control({ id, name, value = "", type = "text", choices, rows, offered, change, about, invalid }: ControlProps) {
  const shared = { id, name, class: "field", "aria-describedby": about, "aria-invalid": invalid };
  const told = (event: { currentTarget: { value: string } }) => change?.(event.currentTarget.value);
  if (choices) {
    return (
      <select {...shared} onChange={told}>
        {choices.map((choice) => {
          const one = typeof choice === "string" ? { value: choice, title: choice } : choice;
          return <option key={one.value} value={one.value} selected={one.value === String(value)}>{one.title}</option>;
        })}
      </select>
    );
  }
  if (rows) return <textarea {...shared} rows={rows} defaultValue={String(value)} onInput={told} />;
  return (
    <>
      <input
        {...shared}
        type={type as "text"}
        {...(type === "number" && { step: "any" })}
        {...(type === "password" && { autocomplete: "new-password" })}
        {...(offered && { list: `${id}-offered` })}
        defaultValue={String(value)}
        onInput={told}
      />
      {offered && (
        <datalist id={`${id}-offered`}>
          {offered.map((one) => <option key={one} value={one} />)}
        </datalist>
      )}
    </>
  );
}

/** A box to tick, with what that means. */
export function Tick({ name, value = "on", label, hint, on = false }: { name: string; value?: string; label: string; hint?: string; on?: boolean }) {
  return (
    <label class="formtick">
      <input type="checkbox" name={name} value={value} defaultChecked={on} />
      <span>
        {label} {hint && <span class="dim">{hint}</span>}
      </span>
    </label>
  );
}
