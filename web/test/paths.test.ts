import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, stockWatchPath } from "../src/api.ts";
import { orderHash, parseRoute, productsHash } from "../src/router.ts";
import { wait } from "../src/stream.ts";

const ORDER_ID = "0192d3a4-0000-5000-8000-000000000001";

test("an address leads back to what it was made from", () => {
  const route = { query: "red mug", category: "kitchen", orderBy: "price desc", pageToken: "a+b/c==" };
  assert.deepEqual(parseRoute(productsHash(route)), { view: "products", ...route });
  assert.deepEqual(parseRoute(orderHash(ORDER_ID)), { view: "order", orderId: ORDER_ID });
});

test("an address that leads nowhere is told apart", () => {
  assert.equal(parseRoute("#/orders/../users").view, "nothing");
  assert.equal(parseRoute("").view, "products");
});

test("every watched SKU is a parameter of its own", () => {
  assert.equal(stockWatchPath(["MUG-RED", "MUG-BLUE"]), "/v1/stock:watch?skus=MUG-RED&skus=MUG-BLUE");
});

test("waits double up to a limit and are spread", () => {
  assert.equal(
    wait(0, () => 0),
    250,
  );
  assert.equal(
    wait(1, () => 1),
    1000,
  );
  assert.equal(
    wait(40, () => 1),
    30_000,
  );
});

test("writes carry the page's header, reads what the last write answered", async () => {
  const sent: Headers[] = [];
  const api = new Api(async (_, request) => {
    sent.push(new Headers(request?.headers));
    return Response.json({ order: {}, quote: {} }, { headers: { "x-consistency-token": "order=7" } });
  });
  await api.cancel(ORDER_ID);
  await api.getOrder(ORDER_ID);
  assert.equal(sent[0]?.get("x-requested-with"), "shopmesh");
  assert.equal(sent[1]?.get("x-consistency-token"), "order=7");
});
