// Messages that nobody handled: their actor was gone, had no room, or crashed over them.
import { whole } from "../../live/format";
import { Poll, usePolls } from "../../live/poll";
import { Failure, Panel, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";

interface Dead {
  to: string;
  reason: string;
  kind: string;
  message: string;
}

const letters = new Poll<{ count: number; items: Dead[] }>("dead", "/api/oracle/dead-letters", 5_000);

const COLUMNS: Column<Dead>[] = [
  { head: "For", names: true, of: ({ to }) => to },
  { head: "Why nobody handled it", of: ({ reason }) => reason },
  { head: "What", tone: "condition", title: ({ message }) => message, of: ({ kind, message }) => <>{kind} <span class="dim">{message}</span></> },
];

export function DeadLetters() {
  usePolls(letters);
  const rows = letters.value?.items ?? [];
  const count = letters.value?.count ?? 0;
  return (
    <Panel id="dead" title="Dead letters" note={count > 0 && (count > rows.length ? `the newest ${rows.length} of ${whole(count)}` : whole(count))}>
      <Failure poll={letters} what="Dead letters" />
      <Table
        name="Dead letters"
        columns={COLUMNS}
        rows={rows}
        row={(_, place) => ({ key: place })}
        empty={letters.value ? "None since the start: every message was taken by the actor it was for." : waiting(letters, "the dead letters")}
      />
    </Panel>
  );
}
