// Webhooks: whose deliveries are taken and what they set to work, and what came in.
import { useState } from "preact/hooks";
import { useTopics } from "../../live/link";
import { polled, usePolls } from "../../live/poll";
import { post, type Problem, put, remove } from "../../live/rest";
import { attempt, Confirm, Failure, Nothing, Panel, Refusal, Switch, waiting } from "../../parts/parts";
import { Field, FormDialog } from "../../parts/form";
import { type Head, Headed } from "../../parts/table";
import { Arrivals, arrivals } from "./arrivals";
import { NewWebhook, secretOf } from "./hook";
import type { Webhook } from "./wire";

interface Stats {
  events_by_webhook: Record<string, number>;
}

const at = (id: string) => `/api/webhooks/${encodeURIComponent(id)}`;

export function Webhooks() {
  const list = polled<Webhook[]>("/api/webhooks", 60_000);
  const stats = polled<Stats>("/api/webhooks/stats", 60_000);
  const [problem, setProblem] = useState<Problem>();
  const [making, setMaking] = useState(false);
  const [fresh, setFresh] = useState<{ endpoint: string; secret: string }>();
  usePolls(list, stats);
  useTopics(["state:webhook:*"], () => list.nudge());
  useTopics(["event:*"], ({ topic = "" }) => {
    if (!topic.startsWith("event:webhook_")) return;
    stats.nudge();
    arrivals().nudge();
  });
  const all = list.value;
  return (
    <>
      <Panel
        id="webhooks"
        title="Webhooks"
        controls={
          <button type="button" class="quiet" aria-haspopup="dialog" onClick={() => setMaking(true)}>New webhook</button>
        }
      >
        <Failure poll={list} what="Webhooks" />
        <Refusal problem={problem} clear={() => setProblem(undefined)} />
        {fresh && (
          <p class="said secret" role="status">
            Give its provider the address <code>{location.origin}{fresh.endpoint}</code> and the secret <code>{fresh.secret}</code>, which is
            shown this once.{" "}
            <button type="button" class="quiet" onClick={() => setFresh(undefined)}>I have it</button>
          </p>
        )}
        {!all ? (
          <Nothing>{waiting(list, "the webhooks")}</Nothing>
        ) : (
          <Headed name="Webhooks" class="runs" heads={HEADS}>
            {all.map((hook) => (
              <Row key={hook.webhook_id} hook={hook} came={stats.value?.events_by_webhook[hook.webhook_id] ?? 0} failed={setProblem} done={() => list.refresh()} />
            ))}
          </Headed>
        )}
      </Panel>
      <Arrivals />
      {making && (
        <NewWebhook
          shut={() => setMaking(false)}
          done={async (made) => {
            setFresh(made);
            await list.refresh();
          }}
        />
      )}
    </>
  );
}

const HEADS: Head[] = [
  { head: "Webhook" },
  { head: "Provider", class: "wide" },
  { head: "Secret" },
  { head: "Calls", class: "wider" },
  { head: "Came in", num: true },
  { head: "Takes deliveries" },
  { head: "Deeds", unseen: true, class: "end" },
];

interface RowProps {
  hook: Webhook;
  came: number;
  failed: (problem: Problem | undefined) => void;
  done: () => Promise<void>;
}

function Row({ hook, came, failed, done }: RowProps) {
  const [asked, setAsked] = useState<"secret" | "delete" | "test">();
  const { webhook_id: id, name, is_builtin } = hook;
  const shut = () => setAsked(undefined);
  return (
    <tr data-webhook={id}>
      <th scope="row">
        <bdi>{name}</bdi>
        <span class="dim about">{hook.endpoint}{is_builtin && ", built in"}</span>
      </th>
      <td class="wide">{hook.provider}</td>
      <td>{hook.has_secret ? "••••••" : <span class="warn">none, takes nothing</span>}</td>
      <td class="wider wraps">{hook.commands.map(({ trigger, agent }) => `${trigger} → ${agent}`).join("; ") || <span class="dim">nothing</span>}</td>
      <td class="num">{came}</td>
      <td>
        {is_builtin ? (
          <span title="Built-in ones are changed in the settings">{hook.enabled ? "yes" : "no"}</span>
        ) : (
          <Switch
            on={hook.enabled}
            label={`${name} takes deliveries`}
            failed={failed}
            change={async (on) => {
              await post(`${at(id)}/${on ? "enable" : "disable"}`);
              await done();
            }}
          />
        )}
      </td>
      <td class="end">
        {hook.provider === "custom" && hook.has_secret && hook.enabled && (
          <button type="button" class="quiet" aria-label={`Test ${name}`} onClick={() => setAsked("test")}>Test</button>
        )}
        {!is_builtin && (
          <>
            <button type="button" class="quiet" aria-label={`Change the secret of ${name}`} onClick={() => setAsked("secret")}>Secret</button>
            <button type="button" class="quiet" aria-label={`Delete ${name}`} onClick={() => setAsked("delete")}>Delete</button>
          </>
        )}
        {asked === "secret" && (
          <FormDialog
            title={`The secret of ${name}`}
            verb="Change"
            shut={shut}
            ask={async (said) => {
              await put(at(id), { secret: secretOf(said) });
              await done();
            }}
          >
            <Field name="secret" label="New secret" type="password" hint="8 characters or more; it is not shown again, and the old one is void. Empty removes it" />
          </FormDialog>
        )}
        {asked === "test" && <Test hook={hook} shut={shut} />}
        {asked === "delete" && (
          <Confirm
            title={<>Delete <bdi>{name}</bdi>?</>}
            text="Deliveries to it are refused from then on. What came in by it stays on record."
            verb="Delete it"
            no={shut}
            yes={() => {
              shut();
              void attempt(async () => {
                await remove(at(id));
                await done();
              }).then(failed);
            }}
          />
        )}
      </td>
    </tr>
  );
}

/** A delivery of our own, signed with its secret by the server: it goes the whole way, and may make a task. */
function Test({ hook, shut }: { hook: Webhook; shut: () => void }) {
  return (
    <FormDialog
      title={`Test ${hook.name}`}
      verb="Send"
      shut={shut}
      ask={async (said) => {
        await post(`/api/oracle/webhooks/${encodeURIComponent(hook.webhook_id)}/trial`, {
          event: String(said.get("event")),
          text: String(said.get("text")),
        });
        await arrivals().refresh();
      }}
    >
      <p class="dim">It is signed with the webhook's secret and taken in like any other: where a command fits, a task comes of it.</p>
      <Field name="event" label="Event" value={hook.commands[0]?.trigger.split(" ")[0] ?? "test"} />
      <Field name="text" label="Text" rows={3} value="A test delivery" />
    </FormDialog>
  );
}
