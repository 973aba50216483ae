import assert from "node:assert/strict";
import { test } from "node:test";
import { addressLines, addressRules, countries } from "../src/countries.ts";

const ADDRESS = {
  recipient: "Alice",
  line1: "1 Main Street",
  line2: "Flat 2",
  city: "Town",
  region: "CA",
  postalCode: "90210",
  countryCode: "US",
};

test("an address is written as its country writes it", () => {
  assert.deepEqual(addressLines(ADDRESS), ["Alice", "1 Main Street", "Flat 2", "Town, CA 90210", "United States"]);
  const berlin = { ...ADDRESS, region: "", city: "Berlin", postalCode: "10115", countryCode: "DE" };
  assert.deepEqual(addressLines(berlin), ["Alice", "1 Main Street", "Flat 2", "10115 Berlin", "Germany"]);
});

test("nothing of an address is lost, wherever it goes", () => {
  for (const { code } of countries()) {
    const lines = addressLines({ ...ADDRESS, countryCode: code }).join("\n");
    for (const part of ["Alice", "1 Main Street", "Flat 2", "Town", "CA", "90210"]) assert.ok(lines.includes(part), code);
  }
});

test("empty parts leave no separators", () => {
  for (const { code } of countries()) {
    const bare = { ...ADDRESS, line2: "", city: "", region: "", postalCode: "", countryCode: code };
    for (const line of addressLines(bare)) assert.match(line, /^[^\s,-].*[^\s,-]$/u, code);
  }
});

test("a form asks for what a country's addresses have", () => {
  const hongKong = addressRules("HK");
  assert.ok(!hongKong.used.has("postalCode"));
  assert.ok(hongKong.required.has("region"));
  assert.deepEqual(addressRules("IT").regions[0], { written: "AG", name: "Agrigento" });
  assert.equal(countries().length, 250);
  const called = (code: string) => new Map(addressRules(code).regions.map((each) => [each.written, each.name]));
  assert.equal(called("CA").get("BC"), "British Columbia");
  assert.equal(called("ES").get("GI"), "Girona");
  assert.equal(called("JP").get("Tokyo"), "Tokyo");
  assert.equal(addressRules("KR").regionWord, "province or city");
});
