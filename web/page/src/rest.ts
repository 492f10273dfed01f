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
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
  } catch {
    throw new Problem("The server does not answer.", 0);
  }
  const text = await response.text();
  if (!response.ok) throw new Problem(reason(text) ?? `The server answered ${response.status}.`, response.status);
  return text ? JSON.parse(text) : null;
}

/** The server's own words: {error: {message}} or {detail}, as its families of routes spell them. */
function reason(text: string): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { error, detail } = (body ?? {}) as { error?: { message?: unknown }; detail?: unknown };
  if (typeof error?.message === "string") return error.message;
  return typeof detail === "string" ? detail : undefined;
}
