/** What went wrong with a call, read from `google.rpc.Status`. */

export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

interface Detail {
  readonly "@type"?: string;
  readonly reason?: string;
  readonly fieldViolations?: readonly FieldViolation[];
  readonly retryDelay?: string;
}

interface Facts {
  readonly status: number;
  readonly message: string;
  readonly reason?: string;
  readonly violations?: readonly FieldViolation[];
  readonly retryAfterSeconds?: number | undefined;
}

/** A call that was refused, failed, or was not answered (`status` 0). */
export class Problem extends Error {
  readonly status: number;
  readonly reason: string;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterSeconds: number | undefined;

  constructor(facts: Facts) {
    super(facts.message);
    this.name = "Problem";
    this.status = facts.status;
    this.reason = facts.reason ?? "";
    this.violations = facts.violations ?? [];
    this.retryAfterSeconds = facts.retryAfterSeconds;
  }

  /** Nobody knows whether the service has done what was asked. */
  get isUnknown(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

/** Reads an answer that is not 2xx. */
export async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  const { message, details } = statusOf(body);
  return new Problem({
    status: response.status,
    message,
    reason: details.find((each) => each.reason)?.reason ?? "",
    violations: details.flatMap((each) => each.fieldViolations ?? []),
    retryAfterSeconds: waitOf(details, response.headers.get("retry-after")),
  });
}

/** A call that got no answer. */
export function unanswered(): Problem {
  return new Problem({ status: 0, message: "no answer" });
}

/** What to tell the customer. */
export function explain(problem: Problem): string {
  switch (problem.status) {
    case 0:
      return "The shop cannot be reached. Check your connection, then try again.";
    case 401:
      return "You are not logged in, or your session has ended. Log in to go on.";
    case 403:
      return "Your account may not do this.";
    case 404:
      return "This does not exist, or it is not yours.";
    case 429:
      return "That was a lot at once. Please wait a moment.";
    case 503:
      return "This part of the shop is not available right now. Please try again shortly.";
    case 504:
      return "The shop took too long to answer. Please try again.";
    default:
      return problem.status >= 500
        ? `Something went wrong on our side (${problem.message}). Please try again.`
        : sentence(problem.message);
  }
}

/** A service's message as a sentence of its own. */
export function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

function statusOf(body: unknown): { message: string; details: readonly Detail[] } {
  const { message, details } = (body ?? {}) as { message?: unknown; details?: unknown };
  return {
    message: typeof message === "string" && message !== "" ? message : "unreadable answer",
    details: Array.isArray(details) ? (details as Detail[]) : [],
  };
}

function waitOf(details: readonly Detail[], header: string | null): number | undefined {
  const delay = details.find((each) => each.retryDelay)?.retryDelay ?? header ?? "";
  const seconds = Number.parseFloat(delay);
  return Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : undefined;
}
