import assert from "node:assert/strict";
import { test } from "node:test";
import { countries, countryName } from "../src/countries.ts";
import { explainLine, explainRejection } from "../src/orders.ts";
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
