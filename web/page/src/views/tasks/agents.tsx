// Who works tasks off: agents with what they are at and when they were last heard, and the programs of this machine.
import { age, whole } from "../../live/format";
import { useParts } from "../../live/paint";
import { polled, usePolls } from "../../live/poll";
import { isOver } from "../../live/run";
import { runs } from "../../live/runs";
import type { Run } from "../../live/wire";
import { Failure, Nothing, Panel, waiting } from "../../parts/parts";
import { Scroll } from "../../parts/scroll";
import { hrefOf } from "../../shell/route";
import { agents } from "./new";
import type { Program } from "./wire";

export function Agents() {
  const known = agents();
  usePolls(known);
  useParts("runs", "clock");
  const tasks = [...runs.values()].filter(({ kind }) => kind === "task");
  const names = new Set([...(known.value ?? []).map(({ name }) => name), ...tasks.map(({ agent }) => agent).filter(Boolean)]);
  const about = new Map((known.value ?? []).map((agent) => [agent.name, agent]));
  return (
    <>
      <Panel id="agents" title="Agents" note={known.value && whole(names.size)}>
        <Failure poll={known} what="Agents" />
        {!known.value ? (
          <Nothing>{waiting(known, "the agents")}</Nothing>
        ) : (
          <Scroll label="Agents">
            <table>
              <caption class="unseen">Agents</caption>
              <thead>
                <tr>
                  <th scope="col">Agent</th>
                  <th scope="col">Status</th>
                  <th scope="col">Last heard</th>
                  <th scope="col" class="wide">Workers</th>
                  <th scope="col" class="wider">Kind</th>
                  <th scope="col" class="wider">What it does</th>
                </tr>
              </thead>
              <tbody>
                {[...names].map((name) => {
                  const mine = tasks.filter(({ agent }) => agent === name);
                  const at = mine.filter((run) => !isOver(run) && run.status !== "queued" && run.status !== "created");
                  const waits = mine.filter(({ status }) => status === "queued").length;
                  return (
                    <tr key={name} data-agent={name}>
                      <th scope="row"><a href={hrefOf("tasks", "", { agent: name })}>{name}</a></th>
                      <td>
                        <span class={`runstate ${at.length > 0 ? "running" : ""}`}>{at.length > 0 ? `at ${at.length === 1 ? "a task" : `${at.length} tasks`}` : "idle"}</span>
                        {waits > 0 && <span class="dim">, {waits} waiting</span>}
                      </td>
                      <td>{heard(mine)}</td>
                      <td class="wide">{[...new Set(at.map(({ worker }) => worker).filter(Boolean))].join(", ") || <span class="dim">–</span>}</td>
                      <td class="wider dim">{about.get(name)?.agent_type ?? "not registered"}</td>
                      <td class="wider wraps">{about.get(name)?.description ?? ""}</td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </Scroll>
        )}
      </Panel>
      <Programs />
    </>
  );
}

/** When anything of its tasks was last heard: a heartbeat, a start, an end. Of tasks that ended long ago nothing is known here. */
function heard(mine: readonly Run[]): string {
  const times = mine.flatMap(({ lease_until, lease_s, started, finished }) => [
    lease_until && lease_s ? Date.parse(lease_until) - lease_s * 1_000 : 0,
    started ? Date.parse(started) : 0,
    finished ? Date.parse(finished) : 0,
  ]);
  const last = Math.max(0, ...times);
  if (last === 0) return "not lately";
  const seconds = (Date.now() - last) / 1_000;
  return seconds < 1 ? "now" : `${age(seconds)} ago`;
}

function Programs() {
  const read = polled<Program[]>("/api/oracle/programs", 300_000);
  usePolls(read);
  const all = read.value;
  return (
    <Panel id="programs" title="Programs of this machine" note="as the settings say">
      <Failure poll={read} what="Programs" />
      {!all?.length ? (
        <Nothing>
          {all ? "None works tasks off here; " : waiting(read, "the programs")}
          {all && <>one is set by <code>[tasks.commands.NAME]</code> in the settings, or a worker elsewhere claims tasks.</>}
        </Nothing>
      ) : (
        <table>
          <caption class="unseen">Programs</caption>
          <thead>
            <tr>
              <th scope="col">For agent</th>
              <th scope="col">Program</th>
              <th scope="col" class="num wide">Arguments</th>
              <th scope="col" class="num">At most</th>
              <th scope="col" class="num">Memory</th>
            </tr>
          </thead>
          <tbody>
            {all.map((one) => (
              <tr key={one.agent}>
                <th scope="row">{one.agent}{one.demo && <span class="dim"> the demonstration, no model</span>}</th>
                <td>{one.program}</td>
                <td class="num wide" title="Not shown: secrets may stand there">{one.arguments}</td>
                <td class="num">{whole(one.timeout_s)} s</td>
                <td class="num">{whole(one.memory_mb)} MB</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}
