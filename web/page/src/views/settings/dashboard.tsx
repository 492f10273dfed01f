// The addresses of the services that are asked how they are, and the limits of experiments: what can be changed while it runs.
import { useState } from "preact/hooks";
import { words } from "../../live/format";
import { Poll, usePolls } from "../../live/poll";
import { type Problem, put } from "../../live/rest";
import { attempt, Failure, Nothing, Panel, Refusal, waiting } from "../../parts/parts";
import { useTyped } from "../../parts/typed";

type Value = string | number | boolean;
type Config = Record<string, Record<string, Value>>;

const config = new Poll<Config>("config", "/api/v1/config", 60_000);

export function Dashboard() {
  usePolls(config);
  const now = config.value;
  return (
    <Panel id="dashboard" title="Services and features" note="kept by the server">
      <Failure poll={config} what="The configuration" />
      {now ? <Form now={now} /> : <Nothing>{waiting(config, "the configuration")}</Nothing>}
    </Panel>
  );
}

function Form({ now }: { now: Config }) {
  const [wish, setWish] = useState<Config>({});
  const [problem, setProblem] = useState<Problem>();
  const [saved, setSaved] = useState(false);
  const change = (section: string, name: string, value: Value) => {
    setSaved(false);
    setWish({ ...wish, [section]: { ...wish[section], [name]: value } });
  };
  const save = async () => {
    const refused = await attempt(async () => {
      config.value = (await put("/api/v1/config", wish)) as Config;
      setSaved(true);
      setWish({});
      await config.refresh();
    });
    setProblem(refused);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {Object.entries(now).map(([section, values]) => (
        <fieldset key={section}>
          <legend>{words(section)}</legend>
          <dl class="facts">
            {Object.entries(values).map(([name, value]) => (
              <Field key={name} id={`${section}.${name}`} name={name} value={wish[section]?.[name] ?? value} change={(next) => change(section, name, next)} />
            ))}
          </dl>
        </fieldset>
      ))}
      <div class="sheet">
        <button type="submit" class="quiet strong" disabled={Object.keys(wish).length === 0}>
          Save
        </button>{" "}
        {saved && <span role="status">Saved, and in force.</span>}
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
      </div>
    </form>
  );
}

interface FieldProps {
  id: string;
  name: string;
  value: Value;
  change: (value: Value) => void;
}

function Field({ id, name, value, change }: FieldProps) {
  return (
    <>
      <dt>
        <label for={id}>{words(name)}</label>
      </dt>
      <dd>
        {typeof value === "boolean" ? (
          <input id={id} type="checkbox" checked={value} onChange={(event) => change(event.currentTarget.checked)} />
        ) : typeof value === "number" ? (
          <NumberInput id={id} value={value} change={change} />
        ) : (
          <input id={id} class="field" value={value} onInput={(event) => change(event.currentTarget.value)} />
        )}
      </dd>
    </>
  );
}

/** Empty is no number; the server says so. */
function NumberInput({ id, value, change }: { id: string; value: number; change: (value: number) => void }) {
  const [text, type] = useTyped(value, String, (typed) => (typed === "" ? Number.NaN : Number(typed)));
  return <input id={id} class="field" type="number" step="any" value={Number.isNaN(value) ? "" : text} onInput={(event) => change(type(event.currentTarget.value))} />;
}
