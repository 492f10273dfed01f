// How a rule tells people: by which ways, and what each of them has to know. Secrets that are kept are shown as a mask.
import { useContext, useState } from "preact/hooks";
import type { Config, Draft, Words } from "../wire";
import { configName, emptyConfig } from "./draft";
import { ListField, NumberField, Picks, SelectField, TextField, Tick, Wrongs } from "./fields";

interface ChannelProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  words: Words;
}

type Form = "text" | "secret" | "list" | "number" | "switch" | "method" | "headers";
type Entry = readonly [name: string, label: string, form: Form, hint?: string];

const ENTRIES: Record<string, readonly Entry[]> = {
  email: [
    ["to_emails", "To", "list", "Addresses with commas between them."], ["from_email", "From", "text"], ["smtp_host", "Mail server", "text"],
    ["smtp_port", "Port", "number"], ["smtp_user", "User", "text"], ["smtp_password", "Password", "secret"], ["use_tls", "Ask for STARTTLS", "switch"],
  ],
  telegram: [["bot_token", "Token of the bot", "secret"], ["chat_ids", "Chats", "list", "Ids with commas between them."]],
  webhook: [
    ["url", "URL", "text"], ["method", "Method", "method"], ["auth_token", "Bearer token", "secret"],
    ["signing_secret", "Signing secret", "secret", "whsec_… as Standard Webhooks says."], ["headers", "Headers", "headers", "One a line, Name: value."],
  ],
  slack: [["url", "URL of the incoming webhook", "secret"]],
  discord: [["url", "URL of the webhook", "secret"]],
  sms: [["account_sid", "Account", "text"], ["auth_token", "Token", "secret"], ["from_number", "From", "text"], ["to_numbers", "To", "list", "Numbers with commas between them."]],
};

const WORDS: Record<string, string> = { browser: "this desktop", log: "the log", sms: "SMS", email: "mail" };

export function Channels({ draft, change, words }: ChannelProps) {
  const methods = words.methods.map(({ name }) => [name, WORDS[name] ?? name] as const);
  const used = [...new Set([...draft.delivery_methods, ...draft.escalate_methods])];
  const choose = (delivery_methods: string[]) => {
    const added = delivery_methods.filter((one) => !draft.delivery_methods.includes(one));
    change({ delivery_methods, ...configsFor(draft, added, words) });
  };
  return (
    <>
      <Picks field="delivery_methods" label="Tell" hint="None tells nobody, and shows it here." of={methods} value={draft.delivery_methods} set={choose} />
      {used.map((method) => ENTRIES[method] && <Channel key={method} method={method} draft={draft} change={change} words={words} />)}
    </>
  );
}

/** An empty config for each way that has none and needs one; the server's settings do where they say it. */
export function configsFor(draft: Draft, methods: readonly string[], words: Words): Partial<Draft> {
  const lacking = words.methods.filter(({ name, config, filled }) => config && !filled && methods.includes(name) && !draft[configName(name)]);
  return Object.fromEntries(lacking.map(({ name }) => [configName(name), emptyConfig(name)]));
}

function Channel({ method, draft, change, words }: ChannelProps & { method: string }) {
  const name = configName(method);
  const config = draft[name];
  const filled = words.methods.find((one) => one.name === method)?.filled ?? false;
  const wrong = useContext(Wrongs)(name);
  const title = `What ${WORDS[method] ?? method} needs`;
  return (
    <fieldset class="channel">
      <legend>{title}</legend>
      {filled && <Tick label="As the server's settings say" value={config === null} set={(kept) => change({ [name]: kept ? null : emptyConfig(method) })} />}
      {config ? (
        ENTRIES[method]!.map((entry) => <ConfigField key={entry[0]} of={name} entry={entry} config={config} set={(value) => change({ [name]: { ...config, [entry[0]]: value } })} />)
      ) : (
        !filled && <button type="button" class="quiet" onClick={() => change({ [name]: emptyConfig(method) })}>Say it</button>
      )}
      {wrong && !config && <p class="wrong">{wrong}</p>}
    </fieldset>
  );
}

function ConfigField({ of, entry: [name, label, form, hint], config, set }: { of: string; entry: Entry; config: Config; set: (value: unknown) => void }) {
  const value = config[name];
  const named = { field: `${of}.${name}`, label, hint };
  switch (form) {
    case "list":
      return <ListField {...named} value={(value as string[] | undefined) ?? []} set={set} />;
    case "number":
      return <NumberField {...named} whole value={value as number | null} set={set} />;
    case "switch":
      return <div class="entry"><Tick label={label} value={value !== false} set={set} /></div>;
    case "method":
      return <SelectField {...named} value={String(value ?? "POST")} of={["POST", "PUT", "PATCH"].map((one) => [one, one])} set={set} />;
    case "headers":
      return <Headers {...named} value={(value ?? {}) as Record<string, string>} set={set} />;
    case "secret":
      return <TextField {...named} secret hint={hint ?? (/^\*+$/.test(String(value)) ? "Kept as it is, until something else is typed." : "Kept by the server, and never shown again.")} value={String(value ?? "")} set={(text) => set(text || (name === "auth_token" || name === "signing_secret" ? null : ""))} />;
    default:
      return <TextField {...named} value={String(value ?? "")} set={set} />;
  }
}

/** The text stays as it is typed; a line without a colon is a header without a value yet. */
function Headers({ value, set, ...named }: { field: string; label: string; hint: string | undefined; value: Record<string, string>; set: (value: object) => void }) {
  const [text, setText] = useState(() => Object.entries(value).map(([name, one]) => `${name}: ${one}`).join("\n"));
  const take = (typed: string) => {
    setText(typed);
    const lines = typed.split("\n").filter((line) => line.trim());
    set(Object.fromEntries(lines.map((line) => /^([^:]*):? ?(.*)$/.exec(line)!.slice(1))));
  };
  return <TextField {...named} rows={2} value={text} set={take} />;
}
