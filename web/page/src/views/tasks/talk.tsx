// What was said in a conversation, live, and what agents that are at work are about to say.
import { useEffect, useRef, useState } from "preact/hooks";
import { follow, onReturn, told } from "../../live/link";
import { painting, touch, useParts } from "../../live/paint";
import { get, Problem } from "../../live/rest";
import { isOver } from "../../live/run";
import { runs } from "../../live/runs";
import type { Run } from "../../live/wire";
import { attempt, Nothing, Time } from "../../parts/parts";
import { hrefOf } from "../../shell/route";
import { plainOf } from "./ansi";
import { stop } from "./doing";
import { Standing } from "./list";
import { Tail } from "./tail";
import type { Message } from "./wire";

const MOST = 200;
const SHOWN_LINES = 12;

interface Shown {
  message_id: string;
  role: string;
  content: string;
  task_id: string | null;
  created_at: string;
}

/** The messages of one conversation, each once, oldest first. */
class Said {
  readonly messages = new Map<string, Message>();
  problem: Problem | undefined;
  ready = false;
  private readonly leaves: (() => void)[];

  constructor(
    private readonly id: string,
    readonly part: string,
  ) {
    this.leaves = [
      follow([`message:${id}`], (frame) => {
        const message = told<Message>(frame);
        this.messages.set(message.id, message);
        touch(this.part);
      }, () => void this.read()),
      onReturn(() => void this.read()),
    ];
    void this.read();
  }

  end(): void {
    this.leaves.forEach((leave) => leave());
  }

  private async read(): Promise<void> {
    this.problem = await attempt(async () => {
      const at = `/api/conversations/${encodeURIComponent(this.id)}`;
      const { message_count } = (await get(`${at}?include_messages=false`)) as { message_count: number };
      const all = (await get(`${at}/messages?limit=500&offset=${Math.max(0, message_count - MOST)}`)) as Shown[];
      for (const { message_id, role, content, task_id, created_at } of all) {
        this.messages.set(message_id, { id: message_id, role, content, run: task_id ?? "", ts: created_at });
      }
    });
    this.ready = true;
    touch(this.part);
  }
}

/** `about`: only what belongs to this task. */
export function Talk({ conversation, about }: { conversation: string; about?: string }) {
  const [said, setSaid] = useState<Said>();
  const part = `said:${conversation}`;
  useParts(part, "runs");
  useEffect(() => {
    const made = new Said(conversation, part);
    setSaid(made);
    return () => made.end();
  }, [conversation]);
  const messages = [...(said?.messages.values() ?? [])]
    .filter((message) => !about || message.run === about)
    .sort((one, other) => Date.parse(one.ts) - Date.parse(other.ts));
  const live = [...runs.values()].filter((run) => run.conversation === conversation && !isOver(run) && (!about || run.id === about));
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!about) end.current?.scrollIntoView({ block: "nearest" });
  }, [messages.length, live.length]);
  if (said?.problem) return <Nothing>{said.problem.message}</Nothing>;
  if (messages.length === 0 && live.length === 0) return <Nothing>{said?.ready ? "Nothing has been said here yet." : "Reading what was said."}</Nothing>;
  return (
    <ol class="said-list" aria-label="Messages" aria-live="polite">
      {messages.map((message) => (
        <li key={message.id} class={`bubble ${message.role}`} data-message={message.id}>
          <p class="who">
            {message.role} <Time iso={message.ts} />
            {message.run && !about && <a href={hrefOf("tasks", message.run)}>{message.run}</a>}
          </p>
          <p class="words">{message.content}</p>
        </li>
      ))}
      {live.map((run) => <Pending key={run.id} run={run} />)}
      <li ref={end} class="end-mark" aria-hidden="true" />
    </ol>
  );
}

/** An agent that is at work: what it puts out, until its answer is there. */
function Pending({ run }: { run: Run }) {
  const words = useRef<HTMLPreElement>(null);
  const [problem, setProblem] = useState<Problem>();
  useEffect(() => {
    const part = `pending:${run.id}`;
    const tail = new Tail(run.id, part, run.chunks ?? 0);
    const leave = painting(part, () => {
      if (words.current) words.current.textContent = tail.lines.slice(-SHOWN_LINES).map(({ text }) => plainOf(text)).join("\n");
    });
    return () => {
      leave();
      tail.end();
    };
  }, [run.id]);
  return (
    <li class="bubble assistant pending" data-run={run.id}>
      <p class="who">
        {run.agent} <Standing run={run} /> <a href={hrefOf("tasks", run.id)}>{run.id}</a>
        <button type="button" class="quiet" aria-label={`Stop ${run.id}`} onClick={() => void attempt(() => stop(run.id)).then(setProblem)}>
          Stop
        </button>
      </p>
      {problem && <p class="down" role="alert">{problem.message}</p>}
      <pre ref={words} class="words" />
    </li>
  );
}
