// A new experiment: what is tried, with the server's own defaults; what it does not like is said at the field.
import { useState } from "preact/hooks";
import { post } from "../../live/rest";
import { Field, FormDialog, Tick } from "../../parts/form";
import { go } from "../../shell/route";
import { control } from "./doing";

const HERE = "basic_fl";
const NUMBERS = ["rounds", "clients_per_round", "clients", "local_epochs", "learning_rate", "batch_size", "seed"];
const POLICIES = [
  ["priority_fl_traffic", "the training's packets go first"],
  ["adaptive_qos", "the line is shared by need"],
  ["robust_aggregation", "the median of the clients' models, not their mean"],
  ["dynamic_client_selection", "those whose loss was highest take part first"],
] as const;

export function NewExperiment({ shut }: { shut: () => void }) {
  const [scenario, setScenario] = useState(HERE);
  const ask = async (said: FormData) => {
    const made = (await post("/api/v1/experiments", wishOf(said))) as { experiment: { id: string; scheduled_at: string | null } };
    const { id, scheduled_at } = made.experiment;
    if (said.get("begin") && !scheduled_at) await control(id, "start");
    go("experiments", id);
  };
  return (
    <FormDialog title="New experiment" verb="Create" ask={ask} shut={shut}>
      <Field name="name" label="Name" value="Digits, step by step" />
      <Field
        name="scenario"
        label="Scenario"
        value={HERE}
        offered={[HERE]}
        change={setScenario}
        hint={scenario === HERE ? "trained by this server" : "waits for a runner that claims it"}
      />
      <Field name="dataset" label="Dataset" value="digits" offered={["digits", "mnist"]} hint="mnist where its files are here, else digits" />
      <Field name="model" label="Model" value="cnn" offered={["cnn", "mlp", "logistic"]} />
      <Field name="rounds" label="Rounds" type="number" value={20} hint="1 to 100" />
      <Field name="clients_per_round" label="Clients a round" type="number" value={3} />
      <Field name="local_epochs" label="Local epochs" type="number" value={5} hint="how often a client goes through its own pictures in a round" />
      <Field name="learning_rate" label="Learning rate" type="number" value={0.01} />
      <Field name="batch_size" label="Batch size" type="number" value={32} hint="pictures" />
      <details>
        <summary>More</summary>
        <Field name="clients" label="Clients in all" type="number" value={scenario === HERE ? 5 : ""} />
        <Field name="partition" label="Who has which pictures" choices={[{ value: "", title: "alike" }, { value: "label_skew", title: "two or so digits each" }]} />
        <Field name="seed" label="Seed" type="number" value={scenario === HERE ? 0 : ""} hint="the same seed trains the same net" />
        <Field name="bandwidth_limit" label="Bandwidth" hint="like 10Mbps" />
        <Field name="latency" label="Latency" hint="one way, like 50ms" />
        <Field name="packet_loss" label="Packet loss" type="number" hint="0 to 1: how likely a client drops out of a round" />
        <fieldset class="policies">
          <legend>Policies</legend>
          {POLICIES.map(([name, hint]) => (
            <Tick key={name} name="policy" value={name} label={name} hint={hint} />
          ))}
        </fieldset>
        <Field name="description" label="Description" rows={2} />
        <Field name="scheduled_at" label="Begins by itself at" type="datetime-local" hint="local time of this machine; empty: when it is started" />
      </details>
      <Tick name="begin" label="Start it at once" on />
    </FormDialog>
  );
}

function wishOf(said: FormData): object {
  const text = (name: string) => String(said.get(name) ?? "").trim();
  const given = (names: readonly string[]) => Object.fromEntries(names.filter(text).map((name) => [name, text(name)]));
  const at = text("scheduled_at");
  const loss = text("packet_loss");
  const network = { ...given(["bandwidth_limit", "latency"]), ...(loss && { packet_loss: Number(loss) }) };
  return {
    name: text("name"),
    scenario: text("scenario"),
    configuration: { ...given(["dataset", "model", "partition"]), ...Object.fromEntries(NUMBERS.filter(text).map((name) => [name, Number(text(name))])) },
    ...(Object.keys(network).length > 0 && { network_settings: network }),
    policies: said.getAll("policy"),
    description: text("description"),
    ...(at && { scheduled_at: new Date(at).toISOString() }),
  };
}
