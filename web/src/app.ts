/** What every view gets, and what every view is. */

import type { Api } from "./api.ts";
import type { Cart } from "./cart.ts";
import type { Checkout } from "./checkout.ts";
import type { Route } from "./router.ts";
import type { Session } from "./session.ts";

export interface App {
  readonly api: Api;
  readonly cart: Cart;
  readonly checkout: Checkout;
  readonly session: Session;
  /** Says something to people who do not see the page. */
  announce(text: string): void;
  /** Shows another view. */
  go(hash: string): void;
}

export interface View {
  /** Its heading and the document's title. */
  readonly title: string;
  readonly element: HTMLElement;
  /** Shows another route of the same view; without it the view is made anew. */
  update?(route: Route): void;
  /** Ends streams and listeners. */
  close(): void;
}
