// Tasks, conversations, webhooks and what they cost, as the server tells of them.
import type { Run } from "../../live/wire";

/** A piece of what a run put out: stdout, stderr, mark, or an entry of its log, whose text is JSON then. */
export interface Piece {
  run: string;
  n: number;
  stream: string;
  text: string;
  ts: string;
}

export interface Message {
  id: string;
  role: string;
  content: string;
  /** The task it belongs to; empty for none. */
  run: string;
  ts: string;
}

export interface Conversation {
  conversation_id: string;
  user_id: string;
  title: string;
  flow_id: string | null;
  created_at: string;
  updated_at: string;
  is_archived: boolean;
  message_count: number;
  total_cost_usd: number;
  total_tasks: number;
}

export interface Agent {
  name: string;
  agent_type: string;
  description: string;
  is_builtin: boolean;
}

export interface Program {
  agent: string;
  program: string;
  arguments: number;
  timeout_s: number;
  memory_mb: number;
  demo: boolean;
}

export interface Budget {
  name: string;
  limit_usd: number;
  owner: string | null;
  agent: string | null;
  action: string;
  resets_at: string;
  spent: { owner: string; spent_usd: number; used_up: boolean }[];
}

export interface Webhook {
  webhook_id: string;
  name: string;
  provider: string;
  endpoint: string;
  is_builtin: boolean;
  enabled: boolean;
  has_secret: boolean;
  commands: { command_id: string; name: string; trigger: string; agent: string; template: string }[];
}

export interface Arrival {
  event_id: string;
  webhook_id: string;
  provider: string;
  event_type: string;
  task_id: string | null;
  matched_command: string | null;
  response_sent: boolean;
  created_at: string;
}

export function askedOf({ params }: Run): string {
  return typeof params.input_message === "string" ? params.input_message : "";
}

/** Tokens in and out together; undefined where nobody said any. */
export function tokensOf({ input_tokens, output_tokens }: Run): number | undefined {
  return input_tokens === null && output_tokens === null ? undefined : (input_tokens ?? 0) + (output_tokens ?? 0);
}
