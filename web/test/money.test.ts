import assert from "node:assert/strict";
import { test } from "node:test";
import { decimal, formatMoney } from "../src/money.ts";

const euro = (units: string, nanos: number) => ({ currencyCode: "EUR", units, nanos });

test("an amount has the currency's digits", () => {
  assert.equal(formatMoney(euro("12", 900_000_000), "en"), "€12.90");
  assert.equal(formatMoney(euro("1250", 0), "en"), "€1,250.00");
  assert.equal(formatMoney({ currencyCode: "JPY", units: "1250", nanos: 0 }, "en"), "¥1,250");
  assert.equal(formatMoney({ currencyCode: "KWD", units: "1", nanos: 234_000_000 }, "en"), "KWD\u00a01.234");
  assert.equal(formatMoney({ currencyCode: "RSD", units: "10", nanos: 500_000_000 }, "en"), "RSD\u00a010.50");
});

test("an amount is written as its reader writes it", () => {
  assert.equal(formatMoney(euro("1250", 0), "de"), "1.250,00\u00a0€");
});

test("no digit of an amount is lost", () => {
  assert.equal(formatMoney(euro("9007199254740993", 10_000_000), "en"), "€9,007,199,254,740,993.01");
  assert.equal(formatMoney(euro("0", 1), "en"), "€0.000000001");
});

test("an amount below one unit keeps its sign", () => {
  assert.equal(decimal(euro("0", -50_000_000)), "-0.05");
  assert.equal(decimal(euro("-3", -500_000_000)), "-3.5");
});
