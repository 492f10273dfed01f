// What the reader likes; kept in this browser alone.
import { useState } from "preact/hooks";
import { localTime } from "../../live/format";
import { allow, permission } from "../../live/notify";
import { useParts } from "../../live/paint";
import { chooseTheme, chooseZone, theme, THEMES, zone } from "../../live/preferences";
import { Choice } from "../../parts/choice";
import { Panel } from "../../parts/parts";

const ZONES = ["UTC", "America/New_York", "America/Chicago", "Europe/London", "Europe/Berlin", "Asia/Singapore", "Asia/Tokyo"];

export function Looks() {
  useParts("preferences", "rules", "clock");
  return (
    <Panel id="looks" title="This page" note="kept in this browser">
      <dl class="facts">
        <dt>Theme</dt>
        <dd>
          <Choice label="Theme" of={THEMES} value={theme()} choose={chooseTheme} />
        </dd>
        <dt>
          <label for="zone">Time zone</label>
        </dt>
        <dd>
          <Zone />
        </dd>
        <dt>Notifications</dt>
        <dd>
          <Notifications />
        </dd>
      </dl>
    </Panel>
  );
}

function Zone() {
  const [wrong, setWrong] = useState("");
  const choose = (name: string) => setWrong(chooseZone(name.trim()) ? "" : `This browser knows no time zone “${name}”. Write it as in Europe/Berlin.`);
  return (
    <>
      <input
        id="zone"
        class="field"
        list="zones"
        defaultValue={zone()}
        placeholder={`that of this machine, ${Intl.DateTimeFormat().resolvedOptions().timeZone}`}
        aria-invalid={wrong !== ""}
        onChange={(event) => choose(event.currentTarget.value)}
      />
      <datalist id="zones">
        {ZONES.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <span class="dim">It is {localTime(new Date(), new Date())} there.</span>
      {wrong && <p class="failure" role="alert">{wrong}</p>}
    </>
  );
}

function Notifications() {
  switch (permission()) {
    case "granted":
      return <>Alerts that are told to “this browser” are shown on this desktop while the page is open.</>;
    case "default":
      return (
        <>
          <button type="button" class="quiet" onClick={() => void allow()}>
            Allow notifications
          </button>{" "}
          <span class="dim">for alerts that are told to “this browser”</span>
        </>
      );
    default:
      return <span class="dim">This browser does not allow them here; its settings for this site can.</span>;
  }
}
