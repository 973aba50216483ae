/** Placing an order so that a repeat never makes a second one. */

import type { Order, PlaceOrder, ShippingAddress } from "./contract.ts";
import { Problem } from "./problem.ts";

const ATTEMPT = "shopmesh.attempt";
const ADDRESS = "shopmesh.address";

/** An order as the customer agreed to it; the request id is given when it is sent. */
export type Agreement = Omit<PlaceOrder, "requestId">;

interface Attempt {
  readonly command: PlaceOrder;
  /** It was sent and no answer told what became of it. */
  readonly unknown: boolean;
}

interface Collaborators {
  readonly storage: Storage;
  readonly newId: () => string;
  readonly send: (command: PlaceOrder) => Promise<{ order: Order }>;
}

/** One customer's way from a cart to an order, kept while the tab is open. */
export class Checkout {
  readonly #with: Collaborators;

  constructor(collaborators: Collaborators) {
    this.#with = collaborators;
  }

  /** An order that was sent without an answer: sending it again is safe. */
  get unanswered(): PlaceOrder | undefined {
    const attempt = this.#attempt();
    return attempt?.unknown ? attempt.command : undefined;
  }

  /** Places an order; the same agreement is sent under the same id until it is answered. */
  async place(agreement: Agreement): Promise<Order> {
    const command = { requestId: this.#requestIdOf(agreement), ...agreement };
    this.#keep({ command, unknown: true });
    try {
      const { order } = await this.#with.send(command);
      this.#with.storage.removeItem(ATTEMPT);
      return order;
    } catch (error) {
      this.#refused(command, error);
      throw error;
    }
  }

  /** Stops asking about an order that was not answered. */
  forget(): void {
    this.#with.storage.removeItem(ATTEMPT);
  }

  get address(): ShippingAddress | undefined {
    return parsed<ShippingAddress>(this.#with.storage.getItem(ADDRESS));
  }

  /** Keeps the address over a log-in. */
  keepAddress(address: ShippingAddress): void {
    this.#with.storage.setItem(ADDRESS, JSON.stringify(address));
  }

  #requestIdOf(agreement: Agreement): string {
    const attempt = this.#attempt();
    if (!attempt) return this.#with.newId();
    const { requestId, ...agreed } = attempt.command;
    return JSON.stringify(agreed) === JSON.stringify(agreement) ? requestId : this.#with.newId();
  }

  #refused(command: PlaceOrder, error: unknown): void {
    if (!(error instanceof Problem) || error.isUnknown) return;
    if (error.status === 409) this.forget();
    else this.#keep({ command, unknown: false });
  }

  #attempt(): Attempt | undefined {
    return parsed<Attempt>(this.#with.storage.getItem(ATTEMPT));
  }

  #keep(attempt: Attempt): void {
    this.#with.storage.setItem(ATTEMPT, JSON.stringify(attempt));
  }
}

function parsed<T>(text: string | null): T | undefined {
  return text === null ? undefined : (JSON.parse(text) as T);
}
