// Messages that nobody handled: their actor was gone, had no room, or crashed over them.
import { whole } from "../../live/format";
import { Poll, usePolls } from "../../live/poll";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";

interface Dead {
  to: string;
  reason: string;
  kind: string;
  message: string;
}

const letters = new Poll<{ count: number; items: Dead[] }>("dead", "/api/oracle/dead-letters", 5_000);

export function DeadLetters() {
  usePolls(letters);
  const rows = letters.value?.items ?? [];
  const count = letters.value?.count ?? 0;
  return (
    <Panel id="dead" title="Dead letters" note={count > 0 && (count > rows.length ? `the newest ${rows.length} of ${whole(count)}` : whole(count))}>
      <Failure poll={letters} what="Dead letters" />
      {rows.length === 0 ? (
        <Nothing>
          {letters.value ? "None since the start: every message was taken by the actor it was for." : waiting(letters, "the dead letters")}
        </Nothing>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">For</th>
                <th scope="col">Why nobody handled it</th>
                <th scope="col">What</th>
              </tr>
            </thead>
            <tbody>
              {rows.map(({ to, reason, kind, message }, place) => (
                <tr key={place}>
                  <th scope="row">{to}</th>
                  <td>{reason}</td>
                  <td class="condition" title={message}>
                    {kind} <span class="dim">{message}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
