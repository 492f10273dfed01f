// The settings that the server was started with: found by a few letters, with those marked that do not have their default.
import { Poll, usePolls } from "../../live/poll";
import { vitals } from "../../live/vitals";
import { Failure, Panel, waiting } from "../../parts/parts";
import { Table } from "../../parts/table";
import { useQuery } from "../../shell/route";

interface Shown {
  settings: Record<string, unknown>;
  changed: string[];
}

const inForce = new Poll<Shown>("in force", "/api/oracle/settings", 300_000);

export function InForce() {
  usePolls(inForce, vitals);
  const [find, setFind] = useQuery("find");
  const [only, setOnly] = useQuery("changed");
  const changed = new Set(inForce.value?.changed);
  const all = flat(inForce.value?.settings ?? {});
  const rows = all.filter(([name]) => name.includes(find.toLowerCase()) && (!only || isChanged(name, changed)));
  return (
    <Panel
      id="in-force"
      title="The server's settings"
      note={vitals.value && `oracle ${vitals.value.version}, run ${vitals.value.epoch}`}
      controls={
        <>
          <label>
            <input type="checkbox" checked={only !== ""} onChange={(event) => setOnly(event.currentTarget.checked ? "1" : "")} /> only changed
          </label>
          <input class="field" type="search" placeholder="Find" aria-label="Find a setting" value={find} onInput={(event) => setFind(event.currentTarget.value)} />
        </>
      }
    >
      <Failure poll={inForce} what="The settings" />
      <Table
        name="The server's settings"
        columns={[
          { head: "Key", names: true, of: ([name]) => name },
          { head: "Value", tone: "value", of: ([, value]) => JSON.stringify(value) },
          { head: "Default", of: ([name]) => (isChanged(name, changed) ? <span class="warn">changed</span> : <span class="dim">default</span>) },
        ]}
        rows={rows}
        row={([name]) => ({ key: name, "data-setting": name })}
        empty={inForce.value ? "No setting is called that." : waiting(inForce, "the settings")}
      />
      <p class="nothing">
        They are set in a file (<code>settings.toml</code> documents each), in the environment (<code>ORACLE__SECTION__KEY</code>) or as
        flags, and read at the start. Secrets stand as where they are kept.
      </p>
    </Panel>
  );
}

function isChanged(name: string, changed: ReadonlySet<string>): boolean {
  return [...changed].some((one) => name === one || name.startsWith(`${one}.`));
}

/** Tables become keys with dots; empty ones and lists are values. */
function flat(table: Record<string, unknown>, prefix = ""): [string, unknown][] {
  return Object.entries(table).flatMap(([key, value]): [string, unknown][] =>
    value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0
      ? flat(value as Record<string, unknown>, `${prefix}${key}.`)
      : [[prefix + key, value]],
  );
}
