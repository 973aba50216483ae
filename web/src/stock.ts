/** Live stock of the SKUs that are in sight. */

import { stockWatchPath } from "./api.ts";
import type { Stock, StreamMessage } from "./contract.ts";
import { follow, type Stream } from "./stream.ts";

/** The most SKUs that one stream watches. */
export const MOST_SKUS = 100;
const FEW = 5;

export interface StockListener {
  stock(stock: Stock): void;
  live(live: boolean): void;
}

interface StockMessage extends StreamMessage {
  readonly stock?: Stock;
}

/** Follows the stock of up to 100 SKUs; more are left out. */
export function followStock(skus: readonly string[], listener: StockListener): Stream {
  if (skus.length === 0) return { close: () => undefined };
  return follow<StockMessage>(stockWatchPath(skus.slice(0, MOST_SKUS)), {
    message: ({ stock }) => stock && listener.stock(stock),
    live: (live) => listener.live(live),
  });
}

export type Level = "plenty" | "few" | "none";

export function levelOf(available: number): Level {
  if (available <= 0) return "none";
  return available <= FEW ? "few" : "plenty";
}

/** How a stock is called in the shop. */
export function stockText(available: number): string {
  const level = levelOf(available);
  if (level === "none") return "Sold out";
  return level === "few" ? `Only ${available} left` : `${available.toLocaleString("en")} in stock`;
}
