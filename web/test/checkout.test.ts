import assert from "node:assert/strict";
import { test } from "node:test";
import { Checkout, type Agreement } from "../src/checkout.ts";
import type { Order, PlaceOrder } from "../src/contract.ts";
import { Problem, unanswered } from "../src/problem.ts";
import { MemoryStorage } from "./memory_storage.ts";

const ORDER = { orderId: "1", state: "ORDER_STATE_CONFIRMED", lines: [] } as unknown as Order;
const AGREEMENT: Agreement = {
  lines: [{ sku: "MUG-RED", quantity: 2 }],
  shippingAddress: {
    recipient: "Alice Adams",
    line1: "Main Street 1",
    line2: "",
    city: "Berlin",
    region: "",
    postalCode: "10115",
    countryCode: "DE",
  },
  expectedTotal: { currencyCode: "EUR", units: "25", nanos: 800_000_000 },
};
const OTHER: Agreement = { ...AGREEMENT, lines: [{ sku: "MUG-RED", quantity: 3 }] };

type Answer = Order | Problem;

function shop(answers: Answer[], storage = new MemoryStorage()) {
  const sent: PlaceOrder[] = [];
  let ids = 0;
  const send = async (command: PlaceOrder) => {
    sent.push(command);
    const answer = answers.shift() ?? ORDER;
    if (answer instanceof Problem) throw answer;
    return { order: answer };
  };
  return { sent, storage, checkout: new Checkout({ storage, newId: () => `id-${++ids}`, send }) };
}

const refusal = (status: number) => new Problem({ status, message: "refused" });
const ids = (sent: readonly PlaceOrder[]) => sent.map((command) => command.requestId);

test("an order without an answer is sent again under its id, after a reload too", async () => {
  const { sent, storage, checkout } = shop([unanswered()]);
  await assert.rejects(checkout.place(AGREEMENT));
  const reloaded = shop([], storage);
  assert.deepEqual(reloaded.checkout.unanswered, sent[0]);
  await reloaded.checkout.place(AGREEMENT);
  assert.deepEqual(ids([...sent, ...reloaded.sent]), ["id-1", "id-1"]);
  assert.equal(reloaded.checkout.unanswered, undefined);
});

test("an answered order is followed by a new one", async () => {
  const { sent, checkout } = shop([]);
  await checkout.place(AGREEMENT);
  await checkout.place(AGREEMENT);
  assert.deepEqual(ids(sent), ["id-1", "id-2"]);
});

test("another agreement is another order", async () => {
  const { sent, checkout } = shop([refusal(429)]);
  await assert.rejects(checkout.place(AGREEMENT));
  await checkout.place(OTHER);
  assert.deepEqual(ids(sent), ["id-1", "id-2"]);
});

test("a refused order keeps its id and is not unknown", async () => {
  const { sent, checkout } = shop([refusal(401)]);
  await assert.rejects(checkout.place(AGREEMENT));
  assert.equal(checkout.unanswered, undefined);
  await checkout.place(AGREEMENT);
  assert.deepEqual(ids(sent), ["id-1", "id-1"]);
});

test("an id that was used for another order is given up", async () => {
  const { sent, checkout } = shop([refusal(409)]);
  await assert.rejects(checkout.place(AGREEMENT));
  await checkout.place(AGREEMENT);
  assert.deepEqual(ids(sent), ["id-1", "id-2"]);
});
