// What the reader likes, kept in this browser: theme and time zone.
import { touch } from "./paint";

export const THEMES = ["system", "dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

const THEME = "oracle.theme";
const ZONE = "oracle.zone";

export function theme(): Theme {
  return THEMES.find((one) => one === kept(THEME)) ?? "system";
}

export function chooseTheme(chosen: Theme): void {
  keep(THEME, chosen === "system" ? "" : chosen);
  wear();
}

/** The IANA name of the zone in which times are shown; empty for that of this machine. */
export function zone(): string {
  return kept(ZONE);
}

/** Whether the zone is known to this browser, and now the one shown. */
export function chooseZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", name ? { timeZone: name } : {});
  } catch {
    return false;
  }
  keep(ZONE, name);
  touch("preferences");
  return true;
}

/** Show the page in the chosen theme. */
export function wear(): void {
  const chosen = theme();
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  touch("preferences");
}

matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => touch("preferences"));
// Chosen in another window of this browser
addEventListener("storage", wear);

function kept(name: string): string {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return ""; // a browser that keeps nothing has the defaults
  }
}

function keep(name: string, value: string): void {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // it lasts as long as the page then
  }
}
