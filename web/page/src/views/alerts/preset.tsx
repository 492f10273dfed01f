// An alert made of a preset: which one, its parameters with their units, an id, and how it is told.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { attempt, Refusal } from "../../parts/parts";
import { get, post, type Problem } from "../../live/rest";
import { lives, rules } from "../../live/lists";
import type { AlertRule, Items } from "../../live/wire";

interface Parameter {
  description: string;
  kind: string;
  default: string | number;
  unit: string;
  choices: string[];
  above: number | null;
  least: number | null;
  most: number | null;
}

interface Preset {
  name: string;
  title: string;
  description: string;
  parameters: Record<string, Parameter>;
}

/** Those that have nothing to be told. */
const METHODS = { browser: "this browser", log: "the log" };

export function NewAlert({ taken }: { taken: AlertRule[] }) {
  const [presets, setPresets] = useState<Preset[]>();
  const [problem, setProblem] = useState<Problem>();
  const opener = useRef<HTMLButtonElement>(null);
  const open = async () => setPresets(((await get("/api/oracle/alert-presets")) as Items<Preset>).items);
  const shut = () => {
    setPresets(undefined);
    opener.current?.focus();
  };
  return (
    <>
      {problem && <span class="down" role="alert">{problem.message}</span>}
      <button ref={opener} type="button" class="quiet" aria-haspopup="dialog" onClick={() => void attempt(open).then(setProblem)}>
        New alert
      </button>
      {presets && <Form presets={presets} taken={taken} done={shut} />}
    </>
  );
}

function Form({ presets, taken, done }: { presets: Preset[]; taken: AlertRule[]; done: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [preset, setPreset] = useState(presets.find(({ name }) => name === "price_level") ?? presets[0]!);
  const [problem, setProblem] = useState<Problem>();
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const create = async (form: HTMLFormElement) => {
    const said = new FormData(form);
    const refused = await attempt(async () => {
      await post(`/api/oracle/alert-presets/${preset.name}`, wishOf(preset, said));
      await Promise.all([rules.refresh(), lives.refresh()]);
    });
    setProblem(refused);
    if (!refused) dialog.current?.close();
  };
  return (
    <dialog ref={dialog} class="preset" aria-labelledby="preset-title" onClose={done}>
      <h2 id="preset-title">New alert</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void create(event.currentTarget);
        }}
      >
        <label>
          <span>Preset</span>
          <select
            class="field"
            value={preset.name}
            onChange={(event) => setPreset(presets.find(({ name }) => name === event.currentTarget.value)!)}
          >
            {presets.map(({ name, title }) => (
              <option key={name} value={name}>{title}</option>
            ))}
          </select>
        </label>
        <p>{preset.description}</p>
        {Object.entries(preset.parameters).map(([name, parameter]) => (
          <label key={`${preset.name} ${name}`}>
            <span>{parameter.description}</span>
            <Field name={`parameter ${name}`} parameter={parameter} />
            {parameter.unit && <span class="dim">{parameter.unit}</span>}
          </label>
        ))}
        <label key={`${preset.name} id`}>
          <span>Id</span>
          <input class="field" name="id" required maxLength={128} defaultValue={free(preset.name, taken)} />
        </label>
        <fieldset aria-label="Tell">
          <span>Tell</span>
          <div>
            {Object.entries(METHODS).map(([method, where]) => (
              <label key={method}>
                <input type="checkbox" name="method" value={method} defaultChecked={method === "log"} />
                {where}
              </label>
            ))}
          </div>
        </fieldset>
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
        <div class="ends">
          <button type="button" onClick={() => dialog.current?.close()}>Cancel</button>
          <button type="submit" class="strong">Create</button>
        </div>
      </form>
    </dialog>
  );
}

function Field({ name, parameter }: { name: string; parameter: Parameter }) {
  const { kind, choices, least, above, most } = parameter;
  if (kind === "choice") {
    return (
      <select class="field" name={name}>
        {choices.map((choice) => (
          <option key={choice} value={choice} selected={choice === parameter.default}>{choice}</option>
        ))}
      </select>
    );
  }
  const isNumber = kind === "number" || kind === "whole";
  return (
    <input
      class="field"
      name={name}
      required
      defaultValue={String(parameter.default)}
      {...(isNumber && { type: "number", step: kind === "whole" ? 1 : "any" })}
      {...(isNumber && (least ?? above) !== null && { min: (least ?? above)! })}
      {...(isNumber && most !== null && { max: most })}
    />
  );
}

function wishOf(preset: Preset, said: FormData): object {
  const parameters = Object.entries(preset.parameters).map(([name, { kind }]) => {
    const text = String(said.get(`parameter ${name}`));
    return [name, kind === "number" || kind === "whole" ? Number(text) : text];
  });
  return {
    alert_id: said.get("id"),
    parameters: Object.fromEntries(parameters),
    delivery_methods: said.getAll("method"),
  };
}

/** The first id that nobody has: price_level, price_level_2, ... */
function free(name: string, taken: AlertRule[]): string {
  const ids = new Set(taken.map((rule) => rule.alert_id));
  let id = name;
  for (let count = 2; ids.has(id); count += 1) id = `${name}_${count}`;
  return id;
}
