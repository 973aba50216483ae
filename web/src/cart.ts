/** The cart: what and how many, never prices. It lives as long as the browser's tab. */

import type { LineRequest } from "./contract.ts";

export const MOST_LINES = 100;
export const MOST_PIECES = 999;
const KEY = "shopmesh.cart";

export interface CartLine extends LineRequest {
  /** The name it had in the list, shown until the shop has answered. */
  readonly name: string;
}

export type Added = "added" | "most-pieces" | "most-lines";

/** Calls its listeners after every change. */
export class Cart {
  readonly #storage: Storage;
  readonly #listeners = new Set<() => void>();
  #lines: readonly CartLine[];

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#lines = readLines(storage.getItem(KEY));
  }

  get lines(): readonly CartLine[] {
    return this.#lines;
  }

  get pieces(): number {
    return this.#lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  quantityOf(sku: string): number {
    return this.#lines.find((line) => line.sku === sku)?.quantity ?? 0;
  }

  add(sku: string, name: string): Added {
    const quantity = this.quantityOf(sku);
    if (quantity >= MOST_PIECES) return "most-pieces";
    if (quantity > 0) this.setQuantity(sku, quantity + 1);
    else if (this.#lines.length >= MOST_LINES) return "most-lines";
    else this.#change([...this.#lines, { sku, name, quantity: 1 }]);
    return "added";
  }

  /** Sets how many; none takes the line out. */
  setQuantity(sku: string, quantity: number): void {
    const pieces = Math.min(MOST_PIECES, Math.max(0, Math.trunc(quantity)));
    const lines = this.#lines.map((line) => (line.sku === sku ? { ...line, quantity: pieces } : line));
    this.#change(lines.filter((line) => line.quantity > 0));
  }

  clear(): void {
    this.#change([]);
  }

  /** Listens until the returned function is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #change(lines: readonly CartLine[]): void {
    this.#lines = lines;
    this.#storage.setItem(KEY, JSON.stringify(lines));
    for (const listener of this.#listeners) listener();
  }
}

function readLines(text: string | null): readonly CartLine[] {
  try {
    const lines: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(lines) ? lines.filter(isLine).slice(0, MOST_LINES) : [];
  } catch {
    return [];
  }
}

function isLine(value: unknown): value is CartLine {
  const { sku, name, quantity } = (value ?? {}) as Partial<Record<keyof CartLine, unknown>>;
  return typeof sku === "string" && typeof name === "string" && isQuantity(quantity);
}

function isQuantity(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_PIECES;
}
