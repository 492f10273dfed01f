// A watchdog run over what was stored, with its settings or others: the form, and the run that came of it.
import { useEffect, useState } from "preact/hooks";
import { post, type Misfit, type Problem } from "../../live/rest";
import type { Run } from "../../live/wire";
import { Choice } from "../../parts/choice";
import { attempt, Panel, Refusal } from "../../parts/parts";
import { go, here, useRoute } from "../../shell/route";
import { changedOf, SettingField, textOf, type Texts } from "./settingfield";
import { Verdict } from "./verdict";
import type { BacktestParams, BacktestResult, Dog } from "./wire";

const DAY_MS = 86_400_000;
type Range = "day" | "week" | "dates";

export function Backtest({ dog }: { dog: Dog }) {
  const { query } = useRoute();
  return (
    <Panel id="backtest" title="Backtest" note="what would it have said?">
      <Form dog={dog} />
      <Verdict key={query.get("run") ?? ""} dog={dog} id={query.get("run") ?? ""} against={query.get("against") ?? ""} fill={fill} />
    </Panel>
  );
}

/** Told by a run that was linked to: what it was run with. */
const filled = new Set<(params: BacktestParams) => void>();
const fill = (params: BacktestParams) => filled.forEach((take) => take(params));

function Form({ dog }: { dog: Dog }) {
  const initial = Object.fromEntries(dog.settings.map((setting) => [setting.name, textOf(setting, setting.value)]));
  const [texts, setTexts] = useState<Texts>(initial);
  const [range, setRange] = useState<Range>("day");
  const [dates, setDates] = useState<[from: string, to: string]>(() => [local(Date.now() - DAY_MS), local(Date.now())]);
  const [compare, setCompare] = useState(true);
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    const take = ({ settings, from, to }: BacktestParams) => {
      const said = settings[dog.name] ?? {};
      setTexts(Object.fromEntries(dog.settings.map((one) => [one.name, textOf(one, one.name in said ? said[one.name] : one.value)])));
      setRange("dates");
      setDates([local(Date.parse(from)), local(Date.parse(to))]);
    };
    filled.add(take);
    return () => void filled.delete(take);
  }, [dog.name]);
  const { changed, wrong } = changedOf(dog.settings, texts);
  const differs = Object.keys(changed).length > 0;
  const misfits: readonly Misfit[] = [...wrong, ...(problem?.wrong ?? [])];
  const start = async () => {
    if (asking || wrong.length > 0) return;
    setAsking(true);
    const refused = await attempt(async () => {
      const span = spanOf(range, dates);
      const ask = async (settings: object) => (await post("/api/oracle/backtest", { ...span, watchdogs: [dog.name], settings })) as Run<BacktestParams, BacktestResult>;
      const run = await ask(differs ? { [dog.name]: changed } : {});
      // The same span with today's settings, from the same begin: else it would be compared with how it lived.
      const against = differs && compare ? (await ask({ [dog.name]: {} })).id : "";
      go("watchdogs", dog.name, { ...Object.fromEntries(here().query), run: run.id, against });
    });
    setAsking(false);
    setProblem(refused);
  };
  return (
    <form
      class="backtest"
      aria-label={`Backtest of ${dog.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        void start();
      }}
    >
      <div class="line">
        <span class="dim">Over</span>
        <Choice label="Range" of={[["day", "last day"], ["week", "last week"], ["dates", "dates"]]} value={range} choose={setRange} />
        {range === "dates" && <Dates dates={dates} set={setDates} />}
      </div>
      <div class="settings-fields">
        {dog.settings.map((setting) => (
          <SettingField
            key={setting.name}
            setting={setting}
            text={texts[setting.name] ?? ""}
            change={(text) => setTexts({ ...texts, [setting.name]: text })}
            wrong={misfits.find(({ field }) => field === setting.name || field.startsWith(`settings.${dog.name}.${setting.name}`))?.message}
          />
        ))}
      </div>
      <div class="line">
        <button type="submit" class="quiet strong" aria-busy={asking}>Run backtest</button>
        {differs ? (
          <>
            <label class="tick"><input type="checkbox" checked={compare} onChange={(event) => setCompare(event.currentTarget.checked)} /> compare with today's settings</label>
            <button type="button" class="quiet" onClick={() => setTexts(initial)}>Today's settings</button>
          </>
        ) : (
          <span class="dim">With today's settings it finds what it said then, and what it would have said where it did not run.</span>
        )}
      </div>
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
    </form>
  );
}

function Dates({ dates: [from, to], set }: { dates: [string, string]; set: (dates: [string, string]) => void }) {
  return (
    <>
      <input class="field" type="datetime-local" aria-label="From" required value={from} onInput={(event) => set([event.currentTarget.value, to])} />
      <span class="dim">to</span>
      <input class="field" type="datetime-local" aria-label="To" required value={to} onInput={(event) => set([from, event.currentTarget.value])} />
      <span class="dim" title="Times of this machine, not of the zone that the page shows">this machine's time</span>
    </>
  );
}

function spanOf(range: Range, [from, to]: [string, string]): { from?: string; to?: string } {
  if (range === "day") return {};
  if (range === "week") return { from: new Date(Date.now() - 7 * DAY_MS).toISOString() };
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** As an input of the kind datetime-local has it. */
function local(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
