// A small client of tiercel's families, for edge functions: which family a task type is, and how to run a task.
import routes from "./routes.json" with { type: "json" };

/** What a task answered, as infra/schemas/result.v1.json has it. */
export interface Result {
  version: 1;
  state: "SUCCESS" | "WARNING" | "FAILED" | "SKIPPED";
  data: Record<string, unknown>;
  logs: { timestamp: string; level: string; message: string }[];
  error: { kind: string; message: string; problems: { message: string; path: string }[] } | null;
  durationSeconds: number;
}

/** A task to run, as infra/schemas/envelope.v1.json has it; its own properties may hold expressions. */
export interface Envelope {
  taskType: string;
  params?: Record<string, unknown>;
  context?: Record<string, unknown>;
  callback?: { url: string; key: string };
}

export interface Options {
  /** The caller's token; the family verifies it. */
  token: string;
  /** The families' TIERCEL_HMAC_SECRET, where they want signed requests; the token is in the envelope then. */
  secret?: string;
  /** Two calls with one key are one run. */
  idempotencyKey?: string;
  /** `respond-async` for a run to follow instead of a result. */
  prefer?: string;
  signal?: AbortSignal;
}

/** Where the families are: one gateway before all, and families that have addresses of their own. */
export interface Places {
  gateway?: string;
  families?: Record<string, string>;
}

/** Read the places from TIERCEL_URL and TIERCEL_FAMILY_URLS. */
export function placesOf(environment: { get(name: string): string | undefined }): Places {
  const families = environment.get("TIERCEL_FAMILY_URLS");
  return { gateway: environment.get("TIERCEL_URL"), families: families ? JSON.parse(families) : {} };
}

/** Give the family of a task type by the longest prefix; the fallback says of others that nobody has them. */
export function familyOf(taskType: string): string {
  for (let name = taskType; name; name = name.slice(0, Math.max(name.lastIndexOf("."), 0))) {
    const route = routes.routes.find((one) => one.prefix === name);
    if (route) return route.family;
  }
  return routes.fallback;
}

/** Give the address of a family, or undefined where none is set. */
export function addressOf(family: string, places: Places): string | undefined {
  const own = places.families?.[family];
  const found = own ?? (places.gateway && `${places.gateway}/v1/families/${family}`);
  return found?.replace(/\/+$/, "");
}

/** Sign a request, as shared/tiercel/http/signed_requests.py has it; gives the Authorization header. */
export async function signature(secret: string, method: string, path: string, body: string): Promise<string> {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const hex = (buffer: ArrayBuffer | Uint8Array) =>
    Array.from(new Uint8Array(buffer), (one) => one.toString(16).padStart(2, "0")).join("");
  const digest = hex(await crypto.subtle.digest("SHA-256", bytes(body)));
  const moment = Math.floor(Date.now() / 1000);
  const nonce = hex(crypto.getRandomValues(new Uint8Array(16)));
  const signed = bytes(`${moment}.${nonce}.${method}.${decodeURIComponent(path)}.${digest}`);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(secret.split("\n")[0].trim()), algorithm, false, ["sign"]);
  const made = hex(await crypto.subtle.sign("HMAC", key, signed));
  return `Tiercel-HMAC t=${moment},n=${nonce},d=${digest},v1=${made}`;
}

/** Run a task in its family and give the family's answer as it came, its body not yet read. */
export async function send(envelope: Envelope, places: Places, options: Options): Promise<Response> {
  const family = familyOf(envelope.taskType);
  const address = addressOf(family, places);
  if (address === undefined) {
    throw new Error(`The family '${family}' has no address; set TIERCEL_URL or TIERCEL_FAMILY_URLS.`);
  }
  const url = `${address}/execute`;
  const body = JSON.stringify(options.secret ? { ...envelope, token: options.token } : envelope);
  const authorization = options.secret
    ? await signature(options.secret, "POST", new URL(url).pathname, body)
    : `Bearer ${options.token}`;
  const headers = new Headers({ "content-type": "application/json", authorization });
  if (options.idempotencyKey) headers.set("idempotency-key", options.idempotencyKey);
  if (options.prefer) headers.set("prefer", options.prefer);
  return await fetch(url, { method: "POST", headers, body, signal: options.signal });
}

/** Run a task and give its result; throws where the family refuses the call itself. */
export async function execute(envelope: Envelope, places: Places, options: Options): Promise<Result> {
  const answer = await send(envelope, places, options);
  const content = await answer.json();
  if (!answer.ok) throw new Error(content?.error?.message ?? `The family answered ${answer.status}.`);
  return content;
}
