// What sets a rule off: what a watchdog says, a price, a volume, or a condition in words of its own.
import { useContext } from "preact/hooks";
import { words as spoken } from "../../../live/format";
import type { EventFilter, Trigger } from "../../../live/wire";
import { Choice } from "../../../parts/choice";
import type { Words, Wrong } from "../wire";
import { isChange } from "./draft";
import { ListField, NumberField, Picks, TextField, Wrongs } from "./fields";

interface TriggerProps {
  trigger: Trigger;
  set: (trigger: Trigger) => void;
  words: Words;
  /** All that is wrong, for the place in a condition. */
  wrong: readonly Wrong[];
}

const KINDS = [["watchdog_event", "a detection"], ["price_threshold", "a price"], ["volume_threshold", "a volume"], ["custom_condition", "a condition"]] as const;

export function TriggerFields(props: TriggerProps) {
  const { trigger, set } = props;
  const turn = (type: string) => set({ ...trigger, type });
  return (
    <>
      <div class="entry">
        <span>Set off by</span>
        <div class="of"><Choice label="Set off by" of={KINDS} value={trigger.type as (typeof KINDS)[number][0]} choose={turn} /></div>
      </div>
      {trigger.type === "watchdog_event" && <EventFields {...props} />}
      {trigger.type === "price_threshold" && <PriceFields {...props} />}
      {trigger.type === "volume_threshold" && <VolumeFields {...props} />}
      {trigger.type === "custom_condition" && <ConditionFields {...props} />}
    </>
  );
}

function EventFields({ trigger, set, words }: TriggerProps) {
  const filter = trigger.event_filter ?? {};
  const change = (part: EventFilter) => set({ ...trigger, event_filter: { ...filter, ...part } });
  const named = (list: readonly string[]) => list.map((one) => [one, spoken(one)] as const);
  return (
    <>
      <Picks field="trigger.event_filter.event_types" label="Kinds" hint="None means every kind." of={named(words.event_types)} value={filter.event_types ?? []} set={(event_types) => change({ event_types })} />
      <Picks field="trigger.event_filter.severities" label="Severities" hint="None means all." of={named(words.severities)} value={filter.severities ?? []} set={(severities) => change({ severities })} />
      <ListField field="trigger.event_filter.assets" label="Assets" hint="Symbols with commas between them; BTC means every pair of it. Empty means all." list={words.symbols} value={filter.assets ?? []} set={(assets) => change({ assets })} />
      <Picks field="trigger.event_filter.watchdogs" label="Watchdogs" hint="None means all." of={named(words.watchdogs)} value={filter.watchdogs ?? []} set={(watchdogs) => change({ watchdogs })} />
    </>
  );
}

const SIDES = [["above", "above"], ["below", "below"], ["crosses", "crosses"]] as const;
const MOVES = [["above", "rises"], ["below", "falls"], ["crosses", "moves"]] as const;
type Side = (typeof SIDES)[number][0];

function PriceFields({ trigger, set, words }: TriggerProps) {
  const change = isChange(trigger);
  const direction = (trigger.direction ?? "crosses") as Side;
  const level = () => set({ ...trigger, change_pct: null, window_s: null });
  const move = () => set({ ...trigger, change_pct: trigger.change_pct ?? 5, window_s: trigger.window_s ?? 300, price_threshold: null });
  return (
    <>
      <Symbol trigger={trigger} set={set} words={words} />
      <div class="entry">
        <span>When its price</span>
        <div class="of">
          <Choice label="Price or change" of={[["level", "is at a level"], ["change", "has changed"]]} value={change ? "change" : "level"} choose={(one) => (one === "change" ? move() : level())} />
          <Choice label="Direction" of={change ? MOVES : SIDES} value={direction} choose={(one) => set({ ...trigger, direction: one })} />
        </div>
      </div>
      {change ? (
        <>
          <NumberField field="trigger.change_pct" label="By more than" unit="%" least={0} value={trigger.change_pct} set={(change_pct) => set({ ...trigger, change_pct: change_pct ?? 0 })} />
          <NumberField field="trigger.window_s" label="Within" unit="s" whole least={1} value={trigger.window_s} placeholder="300" set={(window_s) => set({ ...trigger, window_s })} />
        </>
      ) : (
        <NumberField field="trigger.price_threshold" label="Level" hint="In the quote currency of the symbol." least={0} value={trigger.price_threshold} set={(price_threshold) => set({ ...trigger, price_threshold })} />
      )}
      <Lasting trigger={trigger} set={set} crossing={!change && direction === "crosses"} />
    </>
  );
}

function VolumeFields({ trigger, set, words }: TriggerProps) {
  return (
    <>
      <Symbol trigger={trigger} set={set} words={words} />
      <div class="entry">
        <span>When its volume is</span>
        <div class="of"><Choice label="Direction" of={SIDES.slice(0, 2)} value={(trigger.direction === "below" ? "below" : "above") as Side} choose={(direction) => set({ ...trigger, direction })} /></div>
      </div>
      <NumberField field="trigger.volume_threshold" label="Volume" hint="In base units of the symbol: coins, shares." least={0} value={trigger.volume_threshold} set={(volume_threshold) => set({ ...trigger, volume_threshold })} />
      <NumberField field="trigger.window_s" label="Within" unit="s" whole least={1} value={trigger.window_s} placeholder="3600" set={(window_s) => set({ ...trigger, window_s })} />
      <Lasting trigger={trigger} set={set} />
    </>
  );
}

function Symbol({ trigger, set, words }: Omit<TriggerProps, "wrong">) {
  return <TextField field="trigger.symbol" label="Symbol" hint="BTC-USD, AAPL; a coin alone is its pair in USD." list={words.symbols} value={trigger.symbol ?? ""} set={(symbol) => set({ ...trigger, symbol: symbol.trim() })} />;
}

function Lasting({ trigger, set, crossing = false }: { trigger: Trigger; set: (trigger: Trigger) => void; crossing?: boolean }) {
  return (
    <>
      <NumberField field="trigger.hysteresis_pct" label="Over once back by" unit="%" hint="Of the threshold: keeps a price that flickers around it from firing again and again." least={0} value={trigger.hysteresis_pct ?? 0} set={(one) => set({ ...trigger, hysteresis_pct: one ?? 0 })} />
      {!crossing && <HoldsFor trigger={trigger} set={set} />}
    </>
  );
}

function HoldsFor({ trigger, set }: { trigger: Trigger; set: (trigger: Trigger) => void }) {
  return <NumberField field="trigger.for_s" label="For at least" unit="s" whole hint="It has to hold so long before it fires." least={0} value={trigger.for_s ?? 0} set={(one) => set({ ...trigger, for_s: one ?? 0 })} />;
}

function ConditionFields({ trigger, set, words, wrong }: TriggerProps) {
  const shown = useContext(Wrongs)("trigger.condition");
  const column = shown ? wrong.find(({ field, column }) => field === "trigger.condition" && column)?.column : undefined;
  const text = trigger.condition ?? "";
  return (
    <>
      <TextField field="trigger.condition" label="Condition" rows={3} placeholder='price("BTC-USD") > 1.05 * avg("BTC-USD", "1h")' value={text} set={(condition) => set({ ...trigger, condition })} />
      {column && <pre class="pointing" aria-hidden="true">{`${text.replace(/\s/g, " ")}\n${" ".repeat(column - 1)}^`}</pre>}
      <details class="entry words">
        <summary>What can be said</summary>
        <dl>
          {words.functions.map(({ name, doc }) => (
            <div key={name}><dt><code>{name}</code></dt><dd>{doc}</dd></div>
          ))}
        </dl>
        <p class="dim">Compare with &lt; &lt;= &gt; &gt;= == !=, join with and, or, not; + - * / % are numbers' own. Durations are texts: "90s", "15m", "1h", "7d".</p>
      </details>
      <HoldsFor trigger={trigger} set={set} />
    </>
  );
}
