import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, problemOf, unanswered } from "../src/problem.ts";

const answer = (status: number, body: unknown, headers: HeadersInit = {}) =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });

test("a refusal carries its reason, its fields and its wait", async () => {
  const problem = await problemOf(
    answer(429, {
      code: 8,
      message: "too many orders",
      details: [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "RATE_LIMITED" },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "2.100s" },
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [{ field: "lines[0].quantity", description: "at most 999" }],
        },
      ],
    }),
  );
  assert.equal(problem.reason, "RATE_LIMITED");
  assert.equal(problem.retryAfterSeconds, 3);
  assert.deepEqual(problem.violations, [{ field: "lines[0].quantity", description: "at most 999" }]);
});

test("without RetryInfo the wait is the header's", async () => {
  const problem = await problemOf(answer(503, { message: "draining", details: [] }, { "retry-after": "7" }));
  assert.equal(problem.retryAfterSeconds, 7);
});

test("an answer that is not JSON is a problem too", async () => {
  const problem = await problemOf(answer(502, "<html>bad gateway</html>"));
  assert.equal(problem.status, 502);
  assert.equal(problem.retryAfterSeconds, undefined);
});

test("only what may have been done is unknown", async () => {
  assert.equal(unanswered().isUnknown, true);
  assert.equal((await problemOf(answer(504, {}))).isUnknown, true);
  assert.equal((await problemOf(answer(409, {}))).isUnknown, false);
});

test("a service's message becomes a sentence", async () => {
  const problem = await problemOf(answer(400, { message: "order 1 was shipped already" }));
  assert.equal(explain(problem), "Order 1 was shipped already.");
});
