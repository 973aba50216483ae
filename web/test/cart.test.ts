import assert from "node:assert/strict";
import { test } from "node:test";
import { Cart, MOST_LINES, MOST_PIECES } from "../src/cart.ts";
import { MemoryStorage } from "./memory_storage.ts";

test("the same product twice is one line of two", () => {
  const cart = new Cart(new MemoryStorage());
  cart.add("MUG-RED", "Red mug");
  cart.add("MUG-RED", "Red mug");
  assert.deepEqual(cart.lines, [{ sku: "MUG-RED", name: "Red mug", quantity: 2 }]);
});

test("a cart outlives a reload", () => {
  const storage = new MemoryStorage();
  new Cart(storage).add("MUG-RED", "Red mug");
  assert.equal(new Cart(storage).quantityOf("MUG-RED"), 1);
});

test("a quantity of none takes the line out", () => {
  const cart = new Cart(new MemoryStorage());
  cart.add("MUG-RED", "Red mug");
  cart.setQuantity("MUG-RED", 0);
  assert.deepEqual(cart.lines, []);
});

test("a cart never holds more than an order may", () => {
  const cart = new Cart(new MemoryStorage());
  for (let each = 0; each < MOST_LINES; each++) cart.add(`SKU-${each}`, "Thing");
  cart.setQuantity("SKU-0", MOST_PIECES + 1);
  assert.equal(cart.quantityOf("SKU-0"), MOST_PIECES);
  assert.equal(cart.add("SKU-0", "Thing"), "most-pieces");
  assert.equal(cart.add("MUG-RED", "Red mug"), "most-lines");
});

test("what is not a cart is an empty one", () => {
  const storage = new MemoryStorage();
  storage.setItem("shopmesh.cart", '[{"sku":"MUG-RED","name":"Red mug","quantity":-1},7,null]');
  assert.deepEqual(new Cart(storage).lines, []);
  storage.setItem("shopmesh.cart", "{");
  assert.deepEqual(new Cart(storage).lines, []);
});

test("listeners hear of every change until they stop", () => {
  const cart = new Cart(new MemoryStorage());
  let heard = 0;
  const stop = cart.listen(() => heard++);
  cart.add("MUG-RED", "Red mug");
  stop();
  cart.clear();
  assert.equal(heard, 1);
});
