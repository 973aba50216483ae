import assert from "node:assert/strict";
import { test } from "node:test";
import { countries, countryName } from "../src/countries.ts";
import type { Order, OrderLine, Shipment } from "../src/contract.ts";
import {
  canCancel,
  explainLine,
  explainProgress,
  explainRejection,
  explainShipment,
  explainState,
  isInParts,
} from "../src/orders.ts";
import { levelOf, stockText } from "../src/stock.ts";

test("stock is named by what it means", () => {
  assert.deepEqual([1100, 5, 0].map(stockText), ["1,100 in stock", "Only 5 left", "Sold out"]);
  assert.deepEqual([6, 5, 0].map(levelOf), ["plenty", "few", "none"]);
});

test("a rejection says why and what would be possible", () => {
  const currentTotal = { currencyCode: "EUR", units: "27", nanos: 0 };
  assert.equal(
    explainRejection({ reason: "REJECTION_REASON_PRICE_CHANGED", lines: [], currentTotal }),
    "A price has changed: the order now costs €27.00.",
  );
  const line = { sku: "MUG-RED", requested: 5, available: 2 };
  assert.equal(explainLine(line, "Red mug"), "Red mug: 5 ordered, 2 available");
  assert.equal(explainLine(line, ""), "MUG-RED: 5 ordered, 2 available");
});

test("every country has a name", () => {
  assert.equal(countryName("DE"), "Germany");
  assert.deepEqual(
    countries().filter(({ code, name }) => code === name),
    [],
  );
});

function line(quantity: number, shipped: number, cancelled = 0): OrderLine {
  return {
    sku: "MUG-RED",
    name: "Red mug",
    quantity,
    shippedQuantity: shipped,
    cancelledQuantity: cancelled,
    openQuantity: quantity - shipped - cancelled,
  };
}

function parcel(quantity: number, carrier = ""): Shipment {
  const lines = [{ sku: "MUG-RED", quantity }];
  return { shipmentId: "1", lines, shipTime: "2026-11-30T08:00:00Z", carrier, trackingNumber: "" };
}

function order(values: Partial<Order>): Order {
  return {
    orderId: "1",
    state: "ORDER_STATE_CONFIRMED",
    lines: [line(3, 0)],
    version: 2,
    placeTime: "2026-11-30T08:00:00Z",
    cancelReason: "",
    shipments: [],
    ...values,
  };
}

test("a line says where its pieces are", () => {
  assert.equal(explainProgress(line(6, 1, 2)), "1 shipped, 3 to come, 2 cancelled");
  assert.equal(explainProgress(line(3, 3)), "3 shipped");
});

test("a parcel says what is in it and who brings it", () => {
  const names = new Map([["MUG-RED", "Red mug"]]);
  assert.equal(explainShipment(parcel(2, "DHL"), names), "2 × Red mug (DHL)");
  assert.equal(explainShipment(parcel(2), new Map()), "2 × MUG-RED");
});

test("an order is in parts unless all of it has left at once", () => {
  assert.equal(isInParts(order({})), false);
  assert.equal(isInParts(order({ lines: [line(3, 3)], shipments: [parcel(3)] })), false);
  assert.equal(isInParts(order({ lines: [line(3, 1)], shipments: [parcel(1)] })), true);
  assert.equal(isInParts(order({ lines: [line(3, 1, 2)], shipments: [parcel(1)] })), true);
  assert.equal(isInParts(order({ lines: [line(3, 3)], shipments: [parcel(1), parcel(2)] })), true);
});

test("what is open of an order can be cancelled, and the page says what became of it", () => {
  assert.equal(canCancel(order({ state: "ORDER_STATE_PARTIALLY_SHIPPED" })), true);
  assert.equal(canCancel(order({ state: "ORDER_STATE_SHIPPED" })), false);
  const shipped = order({ state: "ORDER_STATE_SHIPPED", cancelReason: "CUSTOMER" });
  assert.equal(explainState(shipped), "What was shipped is on its way to you. The rest was cancelled.");
  const delivered = order({ state: "ORDER_STATE_DELIVERED", cancelReason: "SHORTAGE" });
  assert.match(explainState(delivered), /^What was shipped has reached its recipient\. We are sorry/);
});
