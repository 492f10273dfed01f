// The running actors, as a tree that can be folded and walked with the arrow keys.
import { useRef, useState } from "preact/hooks";
import { age, short, whole } from "../../live/format";
import { usePolls } from "../../live/poll";
import { Failure, Nothing, Panel, Refusal, waiting } from "../../parts/parts";
import { useQuery } from "../../shell/route";
import { count, Restart } from "./restart";
import type { Problem } from "../../live/rest";
import { tree } from "../../live/lists";
import type { ActorNode } from "../../live/wire";

interface Line {
  node: ActorNode;
  level: number;
  parent: string | undefined;
}

export function Tree() {
  usePolls(tree);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const body = useRef<HTMLTableSectionElement>(null);
  const root = tree.value;
  const [wanted, setWanted] = useQuery("find");
  const lines = root ? unfold(root, folded).filter(({ node }) => has(node, wanted.toLowerCase())) : [];
  const fold = (name: string, shut: boolean) => {
    const next = new Set(folded);
    if (shut) next.add(name);
    else next.delete(name);
    setFolded(next);
  };
  const go = (name: string | undefined) => {
    if (name === undefined) return;
    setFocused(name);
    body.current?.querySelector<HTMLElement>(`[data-actor="${CSS.escape(name)}"]`)?.focus();
  };
  const walk = (event: KeyboardEvent, index: number) => {
    if (event.target !== event.currentTarget) return;
    const { node, parent } = lines[index]!;
    const open = node.children.length > 0 && !folded.has(node.name);
    if (event.key === "ArrowDown") go(lines[index + 1]?.node.name);
    else if (event.key === "ArrowUp") go(lines[index - 1]?.node.name);
    else if (event.key === "Home") go(lines[0]?.node.name);
    else if (event.key === "End") go(lines.at(-1)?.node.name);
    else if (event.key === "ArrowRight" && !open) fold(node.name, false);
    else if (event.key === "ArrowRight") go(lines[index + 1]?.node.name);
    else if (event.key === "ArrowLeft" && open) fold(node.name, true);
    else if (event.key === "ArrowLeft") go(parent);
    else return;
    event.preventDefault();
  };
  const entry = lines.some(({ node }) => node.name === focused) ? focused : root?.name;
  return (
    <Panel id="tree" title="Actors" note={root && `${count(root)} alive`} controls={
      <input class="field" type="search" placeholder="Find" aria-label="Find an actor" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
    }>
      <Failure poll={tree} what="The actor tree" />
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {!root ? (
        <Nothing>{waiting(tree, "the actor tree")}</Nothing>
      ) : (
        <div class="scroll">
          <table role="treegrid" aria-label="Actor tree">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col" class="num"><abbr title="Times its supervisor began a new life">Restarts</abbr></th>
                <th scope="col" class="num"><abbr title="Messages waiting in its mailbox">Depth</abbr></th>
                <th scope="col" class="num wide"><abbr title="Messages handled since the runtime began">Handled</abbr></th>
                <th scope="col" class="num wide"><abbr title="Messages handled per second">Rate</abbr></th>
                <th scope="col"><span class="unseen">Restart</span></th>
              </tr>
            </thead>
            <tbody ref={body}>
              {lines.map(({ node, level }, index) => (
                <tr
                  key={node.name}
                  role="row"
                  data-actor={node.name}
                  aria-level={level}
                  aria-expanded={node.children.length ? !folded.has(node.name) : undefined}
                  tabIndex={node.name === entry ? 0 : -1}
                  onFocus={() => setFocused(node.name)}
                  onKeyDown={(event) => walk(event, index)}
                >
                  <th scope="row" role="rowheader" class={`level-${Math.min(level, 6)}`}>
                    {node.children.length > 0 ? (
                      <button
                        type="button"
                        class="fold"
                        tabIndex={-1}
                        aria-label={`${folded.has(node.name) ? "Unfold" : "Fold"} ${node.name}`}
                        onClick={() => fold(node.name, !folded.has(node.name))}
                      >
                        {folded.has(node.name) ? "▸" : "▾"}
                      </button>
                    ) : (
                      <span class="fold" />
                    )}
                    <span class="who">
                      {node.name.split(/(?<=:)/).flatMap((piece, place) => (place ? [<wbr key={place} />, piece] : piece))}
                      {folded.has(node.name) && <span class="dim"> {count(node) - 1}</span>}
                    </span>
                  </th>
                  <td role="gridcell" class="condition" title={node.last_error ?? undefined}>
                    <span class={`health ${node.state}`}>{node.state.replaceAll("_", " ")}</span>
                    {node.last_error && <span class="dim"> {node.last_error}</span>}
                    {node.about.transport && <span class="dim" title={topics(node)}> {visitor(node)}</span>}
                  </td>
                  <td role="gridcell" class={`num ${node.restarts ? "warn" : "dim"}`}>{whole(node.restarts)}</td>
                  <td role="gridcell" class={`num ${node.depth ? "" : "dim"}`} title={backlog(node)}>
                    {short(node.depth)}
                    {node.dropped > 0 && <span class="warn"> −{short(node.dropped)}</span>}
                  </td>
                  <td role="gridcell" class="num wide" title={whole(node.handled)}>{short(node.handled)}</td>
                  <td role="gridcell" class="num wide dim">{pace(node.rate_per_s)}</td>
                  <td role="gridcell" class="end">
                    {level > 1 && <Restart node={node} failed={setProblem} />}
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

function unfold(node: ActorNode, folded: ReadonlySet<string>, level = 1, parent?: string): Line[] {
  const own: Line = { node, level, parent };
  if (folded.has(node.name)) return [own];
  return [own, ...node.children.flatMap((child) => unfold(child, folded, level + 1, node.name))];
}

/** Whether it, or one below it, has these letters in its name or its state. */
function has(node: ActorNode, letters: string): boolean {
  return !letters || node.name.toLowerCase().includes(letters) || node.state.includes(letters) || node.children.some((child) => has(child, letters));
}

function pace(perSecond: number): string {
  if (!perSecond) return "–";
  return perSecond < 1 ? "<1" : short(Math.round(perSecond));
}

function backlog(node: ActorNode): string | undefined {
  const parts = [];
  if (node.oldest_s) parts.push(`oldest waits ${age(node.oldest_s)}`);
  if (node.dropped) parts.push(`${whole(node.dropped)} dropped`);
  return parts.join(", ") || undefined;
}

/** Of a socket: who it is and how much it was told. */
function visitor({ about }: ActorNode): string {
  const left = about.skipped ? `, ${short(about.skipped)} skipped` : "";
  const held = about.held_bytes ? `, ${short(about.held_bytes)} B held` : "";
  return `${short(about.told ?? 0)} told${left}${held}, ${about.who} ${about.address}`;
}

function topics({ about }: ActorNode): string | undefined {
  return about.topics && `${about.transport}: ${about.topics.join(", ") || "no topics"}`;
}
