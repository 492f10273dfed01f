// Requests to the server this page came from. They answer, or throw a Problem that can be shown as it is.

const DEADLINE_MS = 10_000;

export class Problem extends Error {
  constructor(
    message: string,
    /** The HTTP status, 0 when no answer came. */
    readonly status: number,
  ) {
    super(message);
  }
}

export function get(path: string): Promise<unknown> {
  return request("GET", path);
}

export function post(path: string): Promise<unknown> {
  return request("POST", path);
}

async function request(method: string, path: string): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    text = await response.text(); // a server can also be lost in the middle of its answer
  } catch {
    throw new Problem("The server does not answer.", 0);
  }
  const body = parsed(text);
  if (!response.ok) throw new Problem(reason(body) ?? `The server answered ${response.status}.`, response.status);
  if (body === undefined) throw new Problem("The answer is not JSON.", response.status);
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The server's own words: {error: {message}} or {detail}, as its families of routes spell them. */
function reason(body: unknown): string | undefined {
  const { error, detail } = (body ?? {}) as { error?: { message?: unknown }; detail?: unknown };
  if (typeof error?.message === "string") return error.message;
  return typeof detail === "string" ? detail : undefined;
}
