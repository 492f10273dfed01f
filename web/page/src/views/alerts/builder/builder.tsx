// A rule is written here: what sets it off, how it is told, how it behaves; checked and tried on the past while it is typed.
import { useEffect, useRef, useState } from "preact/hooks";
import { lives, rules } from "../../../live/lists";
import { polled, usePolls } from "../../../live/poll";
import { get, post, type Problem, put } from "../../../live/rest";
import type { Happening, Items } from "../../../live/wire";
import { attempt, Failure, Nothing, Panel, Refusal, waiting } from "../../../parts/parts";
import { go, hrefOf } from "../../../shell/route";
import type { Draft, StoredRule, Words, Wrong } from "../wire";
import { Channels } from "./channels";
import { type Checking, useChecking } from "./checking";
import { Actions, Conduct } from "./conduct";
import { bodyOf, draftOn, emptyDraft, idOf } from "./draft";
import { TextField, Wrongs } from "./fields";
import { LivePreview } from "./livepreview";
import { TriggerFields } from "./trigger";
import { Wording } from "./wording";

interface BuilderProps {
  /** The id of the alert that is changed; empty for a new one. */
  edited: string;
  /** The id of an event that a new one is built on, and of an alert it begins as. */
  event: string;
  like: string;
}

export function Builder({ edited, event, like }: BuilderProps) {
  const known = polled<Words>("/api/oracle/alerts/words", 60_000);
  usePolls(known, rules);
  const [begin, setBegin] = useState<Draft>();
  const [problem, setProblem] = useState<Problem>();
  const words = known.value;
  useEffect(() => {
    if (words && !begin) void attempt(async () => setBegin(await beginOf(edited, event, like, words))).then(setProblem);
  }, [words !== undefined]);
  if (!words || !begin || !rules.value) {
    return (
      <Panel id="builder" title="Build a rule">
        <Failure poll={known} what="The words of rules" />
        {problem ? <p class="failure" role="alert">{problem.message} <a href={hrefOf("alerts")}>All alerts</a></p> : <Nothing>{waiting(known, "the words of rules")}</Nothing>}
      </Panel>
    );
  }
  return <Writing begin={begin} edited={edited} words={words} />;
}

async function beginOf(edited: string, event: string, like: string, words: Words): Promise<Draft> {
  const one = edited || like;
  if (one) {
    const stored = (await get(`/api/alerts/${encodeURIComponent(one)}`)) as StoredRule;
    const draft = Object.fromEntries(Object.keys(emptyDraft()).map((name) => [name, stored[name as keyof Draft]])) as unknown as Draft;
    return edited ? draft : { ...draft, alert_id: "", name: `${draft.name}, once more` };
  }
  if (!event) return emptyDraft();
  const found = ((await get(`/api/oracle/events?${new URLSearchParams({ id: event })}`)) as Items<Happening>).items[0];
  return found ? draftOn(found, words) : emptyDraft();
}

function Writing({ begin, edited, words }: { begin: Draft; edited: string; words: Words }) {
  const [draft, setDraft] = useState(begin);
  const [named, setNamed] = useState(edited !== "");
  const [pressed, setPressed] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));
  const taken = (rules.value ?? []).map(({ alert_id }) => alert_id);
  // The id goes with the name until somebody says another.
  const whole = named ? draft : { ...draft, alert_id: idOf(draft.name || "alert", taken) };
  const body = bodyOf(whole);
  const checking = useChecking(body, edited);
  const saving = useSaving(body, edited);
  const problems = saving.wrong.length > 0 ? saving.wrong : (checking.told?.problems ?? []);
  // What nobody has come to yet is not marked as wrong.
  const shown = problems.filter(({ kind, field }) => pressed || (kind !== "missing" && !isEmpty(whole, field)));
  const wrongOf = (field: string) => shown.find((one) => one.field === field || one.field.startsWith(`${field}.`))?.message;
  const save = async (enabled: boolean) => {
    setPressed(true);
    if (checking.fresh && checking.told?.problems.length) {
      // Drawn first, so that what is wrong is marked.
      window.setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    await saving.save(enabled);
  };
  const others = (rules.value ?? []).filter(({ alert_id }) => alert_id !== edited);
  const common = { draft: whole, change, words, others };
  return (
    <Wrongs.Provider value={wrongOf}>
      <p class="crumbs"><a href={hrefOf("alerts")}>All alerts</a></p>
      <div class="columns wide-left">
        <form
          ref={form}
          noValidate
          class="column builder"
          aria-label={edited ? `Change ${draft.name}` : "Build a rule"}
          onSubmit={(event) => {
            event.preventDefault();
            void save(edited ? draft.enabled : true);
          }}
        >
          <Panel id="builder" title={edited ? "Change a rule" : "Build a rule"}>
            <div class="entries">
              <TextField field="name" label="Name" placeholder={whole.alert_id} value={whole.name} set={(name) => change({ name })} />
              <TextField field="alert_id" label="Id" hint={edited ? "It stays what it is." : "In addresses and topics."} readOnly={edited !== ""} value={whole.alert_id} set={(alert_id) => { setNamed(true); change({ alert_id }); }} />
              <TextField field="description" label="Description" value={whole.description} set={(description) => change({ description })} />
            </div>
          </Panel>
          <Panel id="trigger" title="What sets it off">
            <div class="entries"><TriggerFields trigger={whole.trigger} set={(trigger) => change({ trigger })} words={words} wrong={problems} /></div>
          </Panel>
          <Panel id="channels" title="Who is told">
            <div class="entries"><Channels {...common} /><Wording {...common} checking={checking} /></div>
          </Panel>
          <Panel id="conduct" title="How it behaves">
            <div class="entries"><Conduct {...common} /></div>
          </Panel>
          <Panel id="actions" title="What it does">
            <div class="entries"><Actions {...common} /></div>
          </Panel>
        </form>
        <div class="column sticky">
          <Panel id="check" title={edited ? "Save" : "Create"}>
            <Verdict checking={checking} problems={problems} draft={whole} />
            <Refusal problem={saving.problem} clear={saving.clear} />
            <div class="line prose ends">
              {edited ? (
                <button type="button" class="quiet strong" aria-busy={saving.busy} onClick={() => void save(draft.enabled)}>Save</button>
              ) : (
                <>
                  <button type="button" class="quiet strong" aria-busy={saving.busy} onClick={() => void save(true)}>Create and enable</button>
                  <button type="button" class="quiet" aria-busy={saving.busy} onClick={() => void save(false)}>Create disabled</button>
                </>
              )}
              <a href={edited ? hrefOf("alerts", edited) : hrefOf("alerts")}>Cancel</a>
            </div>
          </Panel>
          <LivePreview body={checking.fresh && checking.told?.ok ? body : undefined} />
        </div>
      </div>
    </Wrongs.Provider>
  );
}

/** Whether nothing stands at a path of the draft. */
function isEmpty(draft: Draft, field: string): boolean {
  const value = field.split(".").reduce<unknown>((one, name) => (one as Record<string, unknown> | null | undefined)?.[name], draft);
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function useSaving(body: Draft, edited: string) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const text = JSON.stringify(body);
  // What was refused is refused no more once something was changed.
  useEffect(() => setProblem(undefined), [text]);
  const save = async (enabled: boolean) => {
    if (busy) return;
    setBusy(true);
    const refused = await attempt(async () => {
      const whole = { ...body, enabled };
      if (edited) await put(`/api/alerts/${encodeURIComponent(edited)}`, whole);
      else await post("/api/alerts", whole);
      await Promise.all([rules.refresh(), lives.refresh()]);
      go("alerts", body.alert_id);
    });
    setBusy(false);
    setProblem(refused);
  };
  const wrong: Wrong[] = (problem?.wrong ?? []).map(({ field, message }) => ({ field, message, kind: "refused", suggestion: null, column: null }));
  return { busy, problem, wrong, save, clear: () => setProblem(undefined) };
}

function Verdict({ checking: { told, problem }, problems, draft }: { checking: Checking; problems: readonly Wrong[]; draft: Draft }) {
  if (problem) return <p class="failure" role="status">It could not be checked. {problem.message}</p>;
  if (!told) return <p class="nothing">It is being checked.</p>;
  return (
    <div class="prose" role="status">
      {problems.length === 0 ? (
        <p class="up">It would be taken{draft.delivery_methods.length + draft.actions.length === 0 ? ", and tells nobody" : ""}.</p>
      ) : (
        <ul class="wrongs">{problems.map(({ field, kind, message }) => <li key={field + message}><code>{field}</code> {kind === "missing" ? "is still missing" : message}</li>)}</ul>
      )}
      {told.met && <p class="dim">Met while <code>{told.met}</code>{told.over && <>, over once <code>{told.over}</code></>}.</p>}
    </div>
  );
}
