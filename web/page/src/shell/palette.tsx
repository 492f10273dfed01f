// The command palette: everything that can be reached or done, by a few letters.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Command, commands, matching } from "./commands";
import { renamed } from "./places";

const MOST_SHOWN = 12;

export function Palette({ shut }: { shut: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [all, setAll] = useState(commands);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = matching(all, typed);
  const shown = found.slice(0, MOST_SHOWN);
  // At once, so that whoever types on is heard here, and not by the keys of the page.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    void renamed().then(() => setAll(commands()));
  }, []);
  const run = (command: Command | undefined) => {
    if (!command) return;
    dialog.current?.close();
    command.run();
  };
  const walk = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step && shown.length) setChosen((chosen + step + shown.length) % shown.length);
    else if (event.key === "Enter") run(shown[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog ref={dialog} class="palette" aria-label="Commands" onClose={shut}>
      <input
        class="field"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={shown[chosen] && `palette-${chosen}`}
        aria-label="Command"
        placeholder="Go to, show, do …"
        value={typed}
        autoFocus
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={walk}
      />
      <ul id="palette-list" role="listbox" aria-label="Commands found">
        {shown.map((command, place) => (
          <li
            key={`${command.group} ${command.title}`}
            id={`palette-${place}`}
            role="option"
            aria-selected={place === chosen}
            onClick={() => run(command)}
          >
            <span>{command.title}</span>
            <span class="dim">{command.group}</span>
            {command.keys && <kbd>{command.keys}</kbd>}
          </li>
        ))}
      </ul>
      <p class="dim" role="status">
        {found.length === 0 ? "Nothing is called that." : found.length > shown.length ? `${found.length - shown.length} more: type on.` : ""}
      </p>
    </dialog>
  );
}

/** The keys there are, for who asks with "?". */
export function Help({ shut }: { shut: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const keys = [
    { keys: "Ctrl K or /", title: "Every command, by a few letters" },
    { keys: "?", title: "These keys" },
    ...commands().filter(({ keys }) => keys),
  ];
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={shut}>
      <h2 id="help-title">Keys</h2>
      <dl>
        {keys.map(({ keys, title }) => (
          <div key={title}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{title}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
