// What every view stands in: the top line, the navigation, what is wrong, and the keys.
import type { FunctionComponent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useParts } from "../live/paint";
import { Nothing } from "../parts/parts";
import { Badge, Outage } from "./badge";
import { Banner } from "./banner";
import { offer } from "./commands";
import { useKeys } from "./keys";
import { Help, Palette } from "./palette";
import { chooseTheme, theme, zone } from "../live/preferences";
import { go, hrefOf, useRoute } from "./route";
import { type View, type ViewEntry, VIEWS } from "./views";

offer(() => [
  ...VIEWS.map(({ id, title, key }) => ({ title: `Go to ${title}`, group: "view", keys: `g ${key}`, run: () => go(id) })),
  { title: "Dark theme", group: "theme", run: () => chooseTheme("dark") },
  { title: "Light theme", group: "theme", run: () => chooseTheme("light") },
  { title: "Theme of the system", group: "theme", run: () => chooseTheme("system") },
  { title: theme() === "light" ? "Switch to dark" : "Switch to light", group: "theme", keys: "l",
    run: () => chooseTheme(theme() === "light" ? "dark" : "light") },
]);

export function Shell() {
  const route = useRoute();
  const [open, setOpen] = useState<"palette" | "help">();
  useKeys({ palette: () => setOpen("palette"), help: () => setOpen("help") });
  const entry = VIEWS.find(({ id }) => id === route.view);
  const main = useMoved(route.view, entry?.title);
  return (
    <>
      <a class="skip" href={`${location.hash || "#/"}`} onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        To the content
      </a>
      <Badge ask={() => setOpen("palette")} />
      <div class="house">
        <nav class="rail" aria-label="Views">
          {VIEWS.map(({ id, title }) => (
            <a key={id} href={hrefOf(id)} aria-current={id === route.view ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="stage">
          <Outage />
          <Banner />
          <main id="main" ref={main} tabIndex={-1} class={`view ${route.view}`} aria-label={entry?.title ?? "Nothing"}>
            {entry ? <Shown key={entry.id} entry={entry} item={route.item} /> : <Unknown name={route.view} />}
          </main>
          <Foot />
        </div>
      </div>
      {open === "palette" && <Palette shut={() => setOpen(undefined)} />}
      {open === "help" && <Help shut={() => setOpen(undefined)} />}
    </>
  );
}

/** The element of the view, to which the focus goes and whose name the window takes when the reader has moved. */
function useMoved(view: string, title: string | undefined) {
  const main = useRef<HTMLElement>(null);
  const seen = useRef(view);
  useEffect(() => {
    document.title = title ? `${title} · oracle` : "oracle";
    if (seen.current === view) return;
    seen.current = view;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [view]);
  return main;
}

const loaded = new Map<string, FunctionComponent<{ item: string }>>();

function Shown({ entry, item }: { entry: ViewEntry; item: string }) {
  const [View, setView] = useState<View | undefined>(() => loaded.get(entry.id));
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (View) return;
    entry.load().then(
      ({ default: found }) => {
        loaded.set(entry.id, found);
        setView(() => found);
      },
      () => setFailed(true),
    );
  }, []);
  if (View) return <View item={item} />;
  if (!failed) return <Nothing>Opening {entry.title}.</Nothing>;
  return (
    <Nothing>
      This view could not be fetched: the server is gone, or has another page now.{" "}
      <button type="button" class="quiet" onClick={() => location.reload()}>
        Reload
      </button>
    </Nothing>
  );
}

function Unknown({ name }: { name: string }) {
  return (
    <Nothing>
      There is no view called “{name}”. <a href={hrefOf("overview")}>Back to the overview</a>
    </Nothing>
  );
}

function Foot() {
  useParts("preferences");
  return (
    <footer>
      <nav aria-label="The same data for programs">
        <a href="/docs">API</a>
        <a href="/openapi.json">OpenAPI</a>
        <a href="/metrics">metrics</a>
        <a href="/readyz">readiness</a>
      </nav>
      <span>
        Times are {zone() || "local"}; UTC is in the tooltip. Press <kbd>?</kbd> for keys.
      </span>
    </footer>
  );
}
