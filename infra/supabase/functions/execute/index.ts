// Runs one task for a user of the project: POST an envelope, get the result of the family that has its type.
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "npm:jose@5.9.6";
import { type Envelope, placesOf, send } from "../_shared/tiercel.ts";

const BODY_BYTES = 6 * 1024 * 1024;
const SECONDS = 28;
const KEPT = ["content-type", "location", "retry-after", "preference-applied"];

class Refused extends Error {
  constructor(readonly status: number, readonly kind: string, message: string) {
    super(message);
  }
}

const secret = Deno.env.get("TIERCEL_JWT_SECRET");
const project = Deno.env.get("SUPABASE_URL");
const keys = project ? createRemoteJWKSet(new URL(`${project}/auth/v1/.well-known/jwks.json`)) : undefined;

/** Give the token of a user who is one: signed by the project's key, or by the secret of a local project. */
async function tokenOf(request: Request): Promise<string> {
  const [scheme, token] = (request.headers.get("authorization") ?? "").split(" ");
  if (scheme.toLowerCase() !== "bearer" || !token) {
    throw new Refused(401, "Unauthorized", "Send the user's token: `Authorization: Bearer …`.");
  }
  let claims: JWTPayload;
  try {
    const hmac = secret ? new TextEncoder().encode(secret) : undefined;
    const symmetric = JSON.parse(atob(token.split(".")[0].replace(/-/g, "+").replace(/_/g, "/"))).alg === "HS256";
    if (symmetric && hmac) claims = (await jwtVerify(token, hmac, { algorithms: ["HS256"] })).payload;
    else if (!symmetric && keys) claims = (await jwtVerify(token, keys, { algorithms: ["ES256", "RS256"] })).payload;
    else throw new Error("no key");
  } catch {
    throw new Refused(401, "Unauthorized", "The token is not valid here, or has expired; sign in again.");
  }
  if (claims.role === "anon" || claims.exp === undefined) {
    throw new Refused(401, "Unauthorized", "Tasks are run for users: sign in, and send the user's token.");
  }
  return token;
}

async function envelopeOf(request: Request): Promise<Envelope> {
  const body = await request.arrayBuffer();
  if (body.byteLength > BODY_BYTES) {
    throw new Refused(413, "TooLarge", `The envelope is larger than ${BODY_BYTES} bytes; send files by their URI.`);
  }
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new Refused(422, "InvalidEnvelope", "The body is no JSON; send an envelope with `taskType` and `params`.");
  }
  if (typeof (content as Envelope | null)?.taskType !== "string") {
    throw new Refused(422, "InvalidEnvelope", "The envelope has no `taskType`; name the type of the task to run.");
  }
  return content as Envelope;
}

async function answer(request: Request): Promise<Response> {
  if (request.method !== "POST") throw new Refused(405, "MethodNotAllowed", "POST an envelope to run its task.");
  const token = await tokenOf(request);
  const envelope = await envelopeOf(request);
  let answered: Response;
  try {
    answered = await send(envelope, placesOf(Deno.env), {
      token,
      secret: Deno.env.get("TIERCEL_HMAC_SECRET"),
      idempotencyKey: request.headers.get("idempotency-key") ?? undefined,
      prefer: request.headers.get("prefer") ?? undefined,
      signal: AbortSignal.timeout(SECONDS * 1000),
    });
  } catch (error) {
    const late = error instanceof DOMException && error.name === "TimeoutError";
    console.error(`${envelope.taskType}: ${error}`); // addresses are the log's, not the caller's
    throw late
      ? new Refused(504, "Timeout", `The family did not answer within ${SECONDS} s; send \`Prefer: respond-async\`.`)
      : new Refused(502, "Unreachable", "The family cannot be reached now; try again, or look into this function's log.");
  }
  const headers = new Headers();
  for (const name of KEPT) {
    const value = answered.headers.get(name);
    if (value) headers.set(name, value);
  }
  return new Response(answered.body, { status: answered.status, headers });
}

async function handle(request: Request): Promise<Response> {
  try {
    return await answer(request);
  } catch (error) {
    const known = error instanceof Refused;
    if (!known) console.error(error);
    const [status, kind] = known ? [error.status, error.kind] : [500, "Bug"];
    const message = known ? error.message : "The edge function failed; its log has the reason.";
    return Response.json({ error: { kind, message, problems: [] } }, { status });
  }
}

// Supabase chooses where it listens; elsewhere PORT does
const port = Deno.env.get("PORT");
if (port === undefined) Deno.serve(handle);
else Deno.serve({ hostname: "127.0.0.1", port: Number(port) }, handle);
