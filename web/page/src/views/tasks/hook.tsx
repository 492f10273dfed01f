// A new webhook: its provider, a secret that is made here, and the command that its deliveries call.
import { post } from "../../live/rest";
import { Field, FormDialog } from "../../parts/form";

const PROVIDERS = ["custom", "github", "jira", "slack", "sentry"];
const BYTES = 24;

interface NewProps {
  shut: () => void;
  done: (made: { endpoint: string; secret: string }) => Promise<void>;
}

export function secretOf(said: FormData): string {
  return String(said.get("secret") ?? "");
}

/** A secret that nobody guesses. */
function made(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(BYTES)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function NewWebhook({ shut, done }: NewProps) {
  const ask = async (said: FormData) => {
    const text = (name: string) => String(said.get(name) ?? "").trim();
    const secret = secretOf(said) || made();
    const { data } = (await post("/api/webhooks", {
      name: text("name"),
      provider: text("provider"),
      secret,
      commands: text("trigger") ? [{ trigger: text("trigger"), template: text("template"), agent: text("agent") }] : [],
    })) as { data: { endpoint: string } };
    await done({ endpoint: data.endpoint, secret });
  };
  return (
    <FormDialog title="New webhook" verb="Create" ask={ask} shut={shut}>
      <Field name="name" label="Name" value="Builds" />
      <Field name="provider" label="Provider" choices={PROVIDERS} value="custom" />
      <Field name="secret" label="Secret" type="password" hint="that deliveries are signed with; empty: one is made, and shown once" />
      <Field name="trigger" label="Called by" value="build.*" hint="an event like issues.opened or build.*, or words like @agent; empty: nothing is called" />
      <Field name="agent" label="Agent" value="demo" />
      <Field name="template" label="What is asked" rows={3} value={"{{webhook.event_type}}: {{webhook.text}}"} hint="{{…}} are fields of the delivery" />
    </FormDialog>
  );
}
