// A setting as something that can be changed: what it is set to as a text, and what a text means.
import type { Misfit } from "../../live/rest";
import { valueOf } from "./dog";
import type { Setting } from "./wire";

export type Texts = Record<string, string>;

interface FieldProps {
  setting: Setting;
  text: string;
  change: (text: string) => void;
  wrong: string | undefined;
}

export function SettingField({ setting, text, change, wrong }: FieldProps) {
  const { name, form, unit, doc, choices } = setting;
  const differs = text !== textOf(setting, setting.value);
  const said = `${name}-said`;
  const common = { class: "field", "aria-label": unit ? `${name}, ${unit}` : name, "aria-invalid": wrong !== undefined, "aria-describedby": said };
  return (
    <div class={`setting ${differs ? "differs" : ""}`}>
      <code aria-hidden="true">{name}</code>
      {form === "choice" || form === "switch" ? (
        <select {...common} value={text} onChange={(event) => change(event.currentTarget.value)}>
          {(form === "switch" ? ["yes", "no"] : choices).map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      ) : (
        <input {...common} value={text} inputMode={form === "number" || form === "whole" ? "decimal" : "text"} spellcheck={false} onInput={(event) => change(event.currentTarget.value)} />
      )}
      <span class="unit dim">{unit}</span>
      <span id={said} class={wrong ? "wrong" : "dim"}>
        {wrong ?? doc}
        {differs && !wrong && ` · today ${valueOf(setting)}`}
      </span>
    </div>
  );
}

/** A value as it stands in its field; an empty text is null. */
export function textOf({ form }: Setting, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (form === "switch") return value ? "yes" : "no";
  if (form === "list" && Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What was changed, as the server takes it, and which texts mean nothing. */
export function changedOf(settings: readonly Setting[], texts: Texts): { changed: Record<string, unknown>; wrong: Misfit[] } {
  const changed: Record<string, unknown> = {};
  const wrong: Misfit[] = [];
  for (const setting of settings) {
    const text = texts[setting.name] ?? "";
    if (text === textOf(setting, setting.value)) continue;
    const value = meant(setting, text.trim());
    if (value === undefined) wrong.push({ field: setting.name, message: `It should be ${KINDS[setting.form] ?? "a value"}.` });
    else changed[setting.name] = value;
  }
  return { changed, wrong };
}

const KINDS: Partial<Record<Setting["form"], string>> = { number: "a number", whole: "a whole number", table: 'a table such as {"kraken": 0.26}', text: "a text" };

function meant({ form, optional }: Setting, text: string): unknown {
  if (!text && optional) return null;
  switch (form) {
    case "number":
      return text && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "whole":
      return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
    case "switch":
      return text === "yes";
    case "list":
      return text.split(",").map((one) => one.trim()).filter(Boolean);
    case "table":
      return tableOf(text);
    default:
      return text;
  }
}

function tableOf(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text || "{}");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
