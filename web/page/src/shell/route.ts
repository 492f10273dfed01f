// Where the reader is, kept in the address after #: `#/markets/BTC-USD?interval=5m`. So a place can be bookmarked, sent to
// somebody, and come back to with the browser's buttons.
import { useEffect, useState } from "preact/hooks";

export interface Route {
  /** The id of a view. */
  view: string;
  /** What the view shows: a symbol, an id; empty for all. */
  item: string;
  query: URLSearchParams;
}

export const HOME = "overview";

export function here(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", ...rest] = path.split("/");
  return { view: view || HOME, item: rest.map(decoded).join("/"), query: new URLSearchParams(query) };
}

/** The address of a place, for links. */
export function hrefOf(view: string, item = "", query: Record<string, string> = {}): string {
  const words = new URLSearchParams(query).toString();
  return `#/${view}${item && "/" + encodeURIComponent(item)}${words && "?" + words}`;
}

export function go(view: string, item = "", query: Record<string, string> = {}): void {
  location.hash = hrefOf(view, item, query);
}

/** The place, drawn anew whenever it changes. */
export function useRoute(): Route {
  const [route, setRoute] = useState(here);
  useEffect(() => {
    const moved = () => setRoute(here());
    addEventListener("hashchange", moved);
    moved();
    return () => removeEventListener("hashchange", moved);
  }, []);
  return route;
}

/** One word of the place's query and how to change it: a choice within a view that the address should keep. An empty word is
 * the default, and not in the address. */
export function useQuery(name: string, fallback = ""): [string, (value: string) => void] {
  const route = useRoute();
  const choose = (value: string) => {
    const { view, item, query } = here();
    if (value && value !== fallback) query.set(name, value);
    else query.delete(name);
    // A choice is no new place: the way back leads out of the view, not through all that was tried in it.
    history.replaceState(null, "", hrefOf(view, item, Object.fromEntries(query)));
    dispatchEvent(new HashChangeEvent("hashchange"));
  };
  return [route.query.get(name) ?? fallback, choose];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
