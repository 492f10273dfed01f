// Conversations: which there are, what is said in one, and saying something to an agent.
import { useState } from "preact/hooks";
import { whole } from "../../live/format";
import { useTopics } from "../../live/link";
import { polled, usePolls } from "../../live/poll";
import { post, type Problem, put, remove } from "../../live/rest";
import { useMoves } from "../../live/runs";
import { attempt, Confirm, Failure, Nothing, Panel, Refusal, Time, waiting } from "../../parts/parts";
import { Field, FormDialog } from "../../parts/form";
import { go, useQuery } from "../../shell/route";
import { agents, presetOf } from "./new";
import { dollars } from "./price";
import { Talk } from "./talk";
import type { Conversation } from "./wire";

const at = (id: string) => `/api/conversations/${encodeURIComponent(id)}`;

export function Chat() {
  const [chosen] = useQuery("conversation");
  const [archived, setArchived] = useState(false);
  const list = polled<Conversation[]>(`/api/conversations?limit=100${archived ? "&include_archived=true" : ""}`, 60_000);
  usePolls(list);
  useMoves("task", list);
  useTopics(["state:conversation:*"], () => list.nudge());
  const all = list.value;
  const one = all?.find(({ conversation_id }) => conversation_id === chosen);
  return (
    <div class="columns chat">
      <Panel
        id="conversations"
        title="Conversations"
        note={all && whole(all.length)}
        controls={
          <>
            <button type="button" class="quiet" aria-pressed={archived} onClick={() => setArchived(!archived)}>Archived too</button>
            <button type="button" class="quiet" onClick={() => go("tasks", "", { tab: "chat" })}>New</button>
          </>
        }
      >
        <Failure poll={list} what="Conversations" />
        {!all?.length ? (
          <Nothing>{all ? "None yet: say something, and one begins." : waiting(list, "the conversations")}</Nothing>
        ) : (
          <ul class="scroll talks" aria-label="Conversations">
            {all.map((talk) => <Entry key={talk.conversation_id} talk={talk} chosen={talk.conversation_id === chosen} />)}
          </ul>
        )}
      </Panel>
      <Panel
        id="chat"
        title={chosen ? (one?.title ?? chosen) : "A new conversation"}
        note={one && `${one.total_tasks} ${one.total_tasks === 1 ? "task" : "tasks"}, ${dollars(one.total_cost_usd)}`}
        controls={one && <Deeds talk={one} done={() => list.nudge()} />}
      >
        {chosen ? <Talk key={chosen} conversation={chosen} /> : <Nothing>Say something to an agent. The demo agent repeats what it hears, and says that it is no model.</Nothing>}
        <Say conversation={chosen} />
      </Panel>
    </div>
  );
}

function Entry({ talk, chosen }: { talk: Conversation; chosen: boolean }) {
  return (
    <li>
      <button type="button" aria-current={chosen ? "true" : undefined} onClick={() => go("tasks", "", { tab: "chat", conversation: talk.conversation_id })}>
        <span>{talk.title}</span>
        <span class="dim">
          {talk.message_count} said, <Time iso={talk.updated_at} />
          {talk.flow_id && `, ${talk.flow_id}`}
          {talk.is_archived && ", archived"}
        </span>
      </button>
    </li>
  );
}

function Deeds({ talk, done }: { talk: Conversation; done: () => void }) {
  const [asked, setAsked] = useState<"rename" | "delete">();
  const [problem, setProblem] = useState<Problem>();
  const { conversation_id: id, is_archived } = talk;
  const press = async (work: () => Promise<unknown>) => {
    setProblem(await attempt(async () => void (await work())));
    done();
  };
  return (
    <>
      {problem && <span class="down" role="alert">{problem.message}</span>}
      <button type="button" class="quiet" onClick={() => setAsked("rename")}>Rename</button>
      <button type="button" class="quiet" onClick={() => void press(() => put(at(id), { is_archived: !is_archived }))}>
        {is_archived ? "Take back" : "Archive"}
      </button>
      <button type="button" class="quiet" onClick={() => setAsked("delete")}>Delete</button>
      {asked === "rename" && (
        <FormDialog
          title="Rename the conversation"
          verb="Rename"
          ask={async (said) => {
            await put(at(id), { title: String(said.get("title")) });
            done();
          }}
          shut={() => setAsked(undefined)}
        >
          <Field name="title" label="Title" value={talk.title} />
        </FormDialog>
      )}
      {asked === "delete" && (
        <Confirm
          title="Delete the conversation?"
          text="What was said in it is not shown any more. What its tasks cost stays on record."
          verb="Delete it"
          no={() => setAsked(undefined)}
          yes={() => {
            setAsked(undefined);
            void press(async () => {
              await remove(at(id));
              go("tasks", "", { tab: "chat" });
            });
          }}
        />
      )}
    </>
  );
}

function Say({ conversation }: { conversation: string }) {
  const known = agents();
  usePolls(known);
  const all = known.value ?? [];
  const [text, setText] = useState("");
  const [agent, setAgent] = useState("");
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const preset = presetOf(known.value);
  const send = async () => {
    if (asking || !text.trim()) return;
    setAsking(true);
    if (!known.value) await known.refresh(); // who is quick asks before it is known whom there is to ask
    const query = new URLSearchParams({ session_id: "page", agent: agent || presetOf(known.value), ...(conversation && { conversation_id: conversation }) });
    const refused = await attempt(async () => {
      const { data } = (await post(`/api/chat?${query}`, { message: text })) as { data: { conversation_id: string } };
      setText("");
      if (data.conversation_id !== conversation) go("tasks", "", { tab: "chat", conversation: data.conversation_id });
    });
    setProblem(refused);
    setAsking(false);
  };
  return (
    <form
      class="say"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      <textarea
        class="field"
        rows={3}
        aria-label="Message"
        placeholder="Message (Enter sends, Shift+Enter is a new line)"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          void send();
        }}
      />
      <div class="line">
        <label>
          To{" "}
          <select class="field" value={agent || preset} onChange={(event) => setAgent(event.currentTarget.value)}>
            {[...new Set([preset, ...all.map(({ name }) => name)])].map((name) => (
              <option key={name} value={name}>{name === "demo" ? "demo (repeats, no model)" : name}</option>
            ))}
          </select>
        </label>
        <button type="submit" class="quiet strong" aria-busy={asking} disabled={!text.trim()}>Send</button>
      </div>
    </form>
  );
}
