// Who may come in: tokens are made, shown once, and taken back.
import { useState } from "preact/hooks";
import { polled, usePolls } from "../../live/poll";
import { question, type Problem, remove } from "../../live/rest";
import { attempt, Confirm, Failure, Nothing, Panel, Refusal, Time, waiting } from "../../parts/parts";
import { type Column, Table } from "../../parts/table";

interface Token {
  id: string;
  kind: string;
  scope: string;
  subject: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at?: string | null;
}

const SCOPES = ["read", "operate", "admin"];
const WHAT: Record<string, string> = { read: "sees everything", operate: "and does everything but what admin does", admin: "restarts actors and makes tokens too" };

export function Tokens() {
  const list = polled<{ tokens: Token[] }>("/api/oracle/tokens", 15_000);
  usePolls(list);
  const [problem, setProblem] = useState<Problem>();
  const [gone, setGone] = useState<Token>();
  const locked = list.problem?.status === 401 || list.problem?.status === 403;
  const revoke = async (token: Token) => {
    setGone(undefined);
    setProblem(
      await attempt(async () => {
        await remove(`/api/oracle/tokens/${encodeURIComponent(token.id)}`);
        await list.refresh();
      }),
    );
  };
  const rows = list.value?.tokens ?? [];
  return (
    <Panel id="tokens" title="Tokens" note={rows.length > 0 && `${rows.length}`}>
      {!locked && <Failure poll={list} what="Tokens" />}
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {locked ? (
        <Nothing>
          Only who shows an admin token may see and make tokens. On this machine <code>oracle token create admin</code> makes one; open
          this page with it once, as <code>/?token=…</code>.
        </Nothing>
      ) : (
        <>
          <NewToken made={() => void list.refresh()} />
          <Table
            name="Tokens"
            columns={[
              ...ABOUT,
              {
                head: "Revoke",
                unseen: true,
                class: "end",
                of: (token) => !token.revoked_at && (
                  <button type="button" class="quiet" aria-label={`Revoke ${token.id}`} onClick={() => setGone(token)}>
                    Revoke
                  </button>
                ),
              },
            ]}
            rows={rows}
            row={({ id, revoked_at }) => ({ key: id, "data-token": id, class: revoked_at ? "old" : undefined })}
            empty={list.value ? "No token has been made yet." : waiting(list, "the tokens")}
          />
        </>
      )}
      {gone && (
        <Confirm
          title={`Revoke ${gone.id}?`}
          text="It lets nobody in from now on; its sessions end and its live streams are closed."
          verb="Revoke"
          yes={() => void revoke(gone)}
          no={() => setGone(undefined)}
        />
      )}
    </Panel>
  );
}

const ABOUT: Column<Token>[] = [
  { head: "Id", names: true, of: ({ id, subject }) => <>{id} {subject && <span class="dim">{subject}</span>}</> },
  { head: "Kind", of: ({ kind }) => kind },
  { head: "Scope", of: ({ scope }) => scope },
  { head: "Made", class: "wide", tone: "dim", of: ({ created_at }) => <Time iso={created_at} /> },
  { head: "Ends", tone: "dim", of: ({ revoked_at, expires_at }) => (revoked_at ? "revoked" : expires_at ? <Time iso={expires_at} /> : "never") },
];

function NewToken({ made }: { made: () => void }) {
  const [scope, setScope] = useState("read");
  const [lasts, setLasts] = useState("30d");
  const [secret, setSecret] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const create = async () => {
    setSecret("");
    setProblem(
      await attempt(async () => {
        const told = (await question("/api/oracle/tokens", { scope, ttl: lasts.trim() || "never" })) as { token: string };
        setSecret(told.token);
        made();
      }),
    );
  };
  return (
    <form
      class="sheet"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <div class="line">
        <label>
          Scope{" "}
          <select class="field" value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
            {SCOPES.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <label>
          Lasts{" "}
          <input class="field" value={lasts} placeholder="for ever" onInput={(event) => setLasts(event.currentTarget.value)} />
        </label>
        <button type="submit" class="quiet strong">
          Make a token
        </button>
      </div>
      <p class="dim">{WHAT[scope]}. 30d, 12h, 45m; empty: for ever.</p>
      <Refusal problem={problem} clear={() => setProblem(undefined)} />
      {secret && (
        <p role="status">
          It is shown this once: <code>{secret}</code>{" "}
          <button type="button" class="quiet" onClick={() => void navigator.clipboard.writeText(secret)}>
            Copy
          </button>
        </p>
      )}
    </form>
  );
}
