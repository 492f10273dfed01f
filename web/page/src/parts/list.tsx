// What lists have that are read from the server page by page: their choices, kept in the address, and their pages.
import { useEffect, useState } from "preact/hooks";
import { here, hrefOf, useRoute } from "../shell/route";
import { whole } from "../live/format";

/** The choices of a list, kept in the address: `query` reads one, `choose` changes it and begins at the first page again. */
export function useList(): { query: (name: string) => string; choose: (name: string, value: string) => void } {
  const route = useRoute();
  return { query: (name) => route.query.get(name) ?? "", choose };
}

function choose(name: string, value: string): void {
  const { view, item, query } = here();
  if (value) query.set(name, value);
  else query.delete(name);
  if (name !== "page") query.delete("page");
  history.replaceState(null, "", hrefOf(view, item, Object.fromEntries(query)));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** A field whose words are meant once they are typed: with Enter, or when it is left. Until then nothing changes them. */
export function Words({ label, value, mean }: { label: string; value: string; mean: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  return (
    <input
      class="field"
      type="search"
      aria-label={label}
      placeholder={label}
      value={typed}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onChange={(event) => mean(event.currentTarget.value.trim())}
    />
  );
}

/** The pages of a list, where there is more than one. */
export function Pages({ total, size, what }: { total: number; size: number; what: string }) {
  const { query } = useList();
  const page = Number(query("page") || 1);
  const last = Math.max(1, Math.ceil(total / size));
  if (last === 1 && page === 1) return null;
  return (
    <nav class="pages" aria-label={`Pages of ${what}`}>
      <button type="button" class="quiet" disabled={page <= 1} onClick={() => choose("page", page > 2 ? String(page - 1) : "")}>
        Back
      </button>
      <span class="dim num">
        {whole((page - 1) * size + 1)}–{whole(Math.min(page * size, total))} of {whole(total)}
      </span>
      <button type="button" class="quiet" disabled={page >= last} onClick={() => choose("page", String(page + 1))}>
        On
      </button>
    </nav>
  );
}
