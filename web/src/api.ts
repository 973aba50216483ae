/** Calls to the shop. The session is a cookie that no script can read. */

import type { LineRequest, Order, OrderPage, PlaceOrder, ProductPage, Quote, User } from "./contract.ts";
import { problemOf, unanswered } from "./problem.ts";

/** The front door refuses writes without it: another site's page cannot send it. */
const PAGE_HEADER = { "x-requested-with": "shopmesh" } as const;
const CONSISTENCY = "x-consistency-token";

export interface ProductFilter {
  readonly query: string;
  readonly category: string;
  readonly orderBy: string;
  readonly pageToken: string;
  readonly pageSize: number;
}

/** Every method throws a `Problem` unless the answer is 2xx. */
export class Api {
  readonly #fetch: typeof fetch;
  /** What the last write answered; reads that send it see at least that write. */
  #consistency = "";

  constructor(fetcher: typeof fetch) {
    this.#fetch = fetcher;
  }

  listProducts(filter: ProductFilter, signal?: AbortSignal): Promise<ProductPage> {
    return this.#get(`/v1/products?${queryString({ ...filter })}`, signal);
  }

  quote(lines: readonly LineRequest[], signal?: AbortSignal): Promise<{ quote: Quote }> {
    return this.#post("/v1/orders:quote", { lines }, signal);
  }

  place(command: PlaceOrder): Promise<{ order: Order }> {
    return this.#post("/v1/orders", command);
  }

  getOrder(orderId: string): Promise<{ order: Order }> {
    return this.#get(orderPath(orderId));
  }

  listOrders(pageToken: string): Promise<OrderPage> {
    return this.#get(`/v1/orders?${queryString({ pageSize: 20, pageToken })}`);
  }

  cancel(orderId: string): Promise<{ order: Order }> {
    return this.#post(`${orderPath(orderId)}:cancel`, {});
  }

  me(): Promise<{ user: User }> {
    return this.#get("/v1/users/me");
  }

  #get<T>(path: string, signal?: AbortSignal): Promise<T> {
    const headers = this.#consistency === "" ? {} : { [CONSISTENCY]: this.#consistency };
    return this.#call(path, { headers, signal: signal ?? null });
  }

  #post<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
    return this.#call(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...PAGE_HEADER },
      body: JSON.stringify(body),
      signal: signal ?? null,
    });
  }

  async #call<T>(path: string, request: RequestInit): Promise<T> {
    const response = await this.#send(path, request);
    if (!response.ok) throw await problemOf(response);
    this.#consistency = response.headers.get(CONSISTENCY) ?? this.#consistency;
    return (await response.json()) as T;
  }

  async #send(path: string, request: RequestInit): Promise<Response> {
    const fetcher = this.#fetch;
    try {
      return await fetcher(path, request);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw unanswered();
    }
  }
}

/** Where stock is watched, up to 100 SKUs. */
export function stockWatchPath(skus: readonly string[]): string {
  return `/v1/stock:watch?${skus.map((sku) => `skus=${encodeURIComponent(sku)}`).join("&")}`;
}

/** Where an order is watched. */
export function orderWatchPath(orderId: string): string {
  return `${orderPath(orderId)}:watch`;
}

function orderPath(orderId: string): string {
  return `/v1/orders/${encodeURIComponent(orderId)}`;
}

function queryString(values: Readonly<Record<string, string | number>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== "");
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}
