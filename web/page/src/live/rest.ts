// Requests to the server this page came from. They answer, or throw a Problem that can be shown as it is.

const DEADLINE_MS = 10_000;
/** How often a wish is said again whose answer was lost, and the wait before the first time; it doubles. */
const AGAIN = 4;
const FIRST_WAIT_MS = 500;
/** After these nobody knows what became of a wish; 0 stands for no answer. */
const UNKNOWN = new Set([0, 500, 502, 503, 504]);

/** One field of what was sent, and what is wrong with it. */
export interface Misfit {
  field: string;
  message: string;
}

export class Problem extends Error {
  constructor(
    message: string,
    /** The HTTP status, 0 when no answer came. */
    readonly status: number,
    /** The fields that do not fit, where the server names them. */
    readonly wrong: readonly Misfit[] = [],
  ) {
    super(message);
  }
}

export function get(path: string): Promise<unknown> {
  return request("GET", path);
}

/** Ask for something to be done, with a body where it needs one. The wish has an id by which the server knows it, so it can be said again until it is
 * answered and is carried out once, whatever was lost on the way. */
export function post(path: string, body?: object, headers: Record<string, string> = {}): Promise<unknown> {
  return wish("POST", path, body, headers);
}

/** Ask once, without an id: a question that needs a body and changes nothing, or a wish whose answer holds a secret, which the
 * server does not keep. */
export function question(path: string, body: object): Promise<unknown> {
  return request("POST", path, {}, body);
}

/** Have something replaced, or changed in part, as `post` asks for things. */
export function put(path: string, body: object): Promise<unknown> {
  return wish("PUT", path, body);
}

export function patch(path: string, body: object): Promise<unknown> {
  return wish("PATCH", path, body);
}

/** Have something taken away, as `post` asks for things. */
export function remove(path: string): Promise<unknown> {
  return wish("DELETE", path);
}

async function wish(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<unknown> {
  const id = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16)).join("-");
  for (let turn = 0; ; turn += 1) {
    try {
      return await request(method, path, { ...headers, "Idempotency-Key": id }, body);
    } catch (problem) {
      if (!(problem instanceof Problem) || !UNKNOWN.has(problem.status) || turn === AGAIN) throw problem;
    }
    await new Promise((over) => setTimeout(over, FIRST_WAIT_MS * 2 ** turn));
  }
}

/** A server that was started anew does not know what let this page in: the front door gives it out again. */
let renewing: Promise<boolean> | undefined;
let renewedAt = -Infinity;
const RENEW_AGAIN_MS = 10_000;

function renewed(): Promise<boolean> {
  if (!renewing && performance.now() - renewedAt < RENEW_AGAIN_MS) return Promise.resolve(false);
  renewing ??= fetch("/", { headers: { Accept: "text/html" }, cache: "no-store" })
    .then(({ ok }) => ok, () => false)
    .finally(() => {
      renewing = undefined;
      renewedAt = performance.now();
    });
  return renewing;
}

async function request(method: string, path: string, headers: Record<string, string> = {}, sent?: object): Promise<unknown> {
  try {
    return await asked(method, path, headers, sent);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 401 || !(await renewed())) throw problem;
    return asked(method, path, headers, sent);
  }
}

async function asked(method: string, path: string, headers: Record<string, string>, sent?: object): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...(sent && { "Content-Type": "application/json" }), ...headers },
      ...(sent && { body: JSON.stringify(sent) }),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    text = await response.text(); // a server can also be lost in the middle of its answer
  } catch {
    throw new Problem("The server does not answer.", 0);
  }
  const body = parsed(text);
  if (!response.ok) throw new Problem(reason(body) ?? `The server answered ${response.status}.`, response.status, misfits(body));
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

interface Wrong {
  loc: (string | number)[];
  msg: string;
}

/** The server's own words: {error: {message}}, {detail} or {detail: [{loc, msg}]}, as its families of routes spell them. */
function reason(body: unknown): string | undefined {
  const { error, detail } = (body ?? {}) as { error?: { message?: unknown; details?: unknown }; detail?: unknown };
  if (typeof error?.message === "string") {
    // {details: {FIELD: what is wrong}}, where the message itself names no field
    const fields = error.details && !Array.isArray(error.details) ? Object.entries(error.details) : [];
    const named = fields.filter(([, told]) => typeof told === "string").map(([name, told]) => `${name}: ${told}`);
    return [error.message, ...named].join("; ");
  }
  if (Array.isArray(detail)) return (detail as Wrong[]).map(({ loc, msg }) => `${loc.slice(1).join(".")}: ${msg}`).join("; ");
  return typeof detail === "string" ? detail : undefined;
}

/** The fields that are named in {error: {details: [{field, message}]}}, {error: {details: {FIELD: message}}} or {detail: [{loc, msg}]}. */
function misfits(body: unknown): Misfit[] {
  const { error, detail } = (body ?? {}) as { error?: { details?: unknown }; detail?: unknown };
  if (Array.isArray(error?.details)) return error.details as Misfit[];
  if (error?.details && Object.values(error.details).every((one) => typeof one === "string")) {
    return Object.entries(error.details).map(([field, message]) => ({ field, message: String(message) }));
  }
  return Array.isArray(detail) ? (detail as Wrong[]).map(({ loc, msg }) => ({ field: loc.slice(1).join("."), message: msg })) : [];
}
