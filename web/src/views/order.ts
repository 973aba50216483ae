/** One order, watched: its state changes before the customer's eyes. */

import { orderWatchPath } from "../api.ts";
import type { App, View } from "../app.ts";
import type { Order, StreamMessage } from "../contract.ts";
import { button, h, link } from "../dom.ts";
import { canCancel, explainState, formatTime, stateLabel } from "../orders.ts";
import { Problem } from "../problem.ts";
import { ordersHash } from "../router.ts";
import { follow, type Stream } from "../stream.ts";
import { problemNotice } from "./notice.ts";
import { orderSummary, stateBadge } from "./order_summary.ts";

interface OrderMessage extends StreamMessage {
  readonly order?: Order;
}

export function orderView(app: App, orderId: string): View {
  return new OrderView(app, orderId);
}

class OrderView implements View {
  readonly title = "Your order";
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #orderId: string;
  readonly #messages = h("div", { class: "messages" });
  readonly #connection = h("div", { class: "messages" });
  readonly #body = h("div", { class: "order", "aria-busy": "true" });
  #shown: Order | undefined;
  #stream: Stream | undefined;

  constructor(app: App, orderId: string) {
    this.#app = app;
    this.#orderId = orderId;
    const back = h("p", {}, link("All my orders", ordersHash()));
    this.element = h(
      "section",
      {},
      back,
      h("h1", { tabindex: -1 }, this.title),
      this.#connection,
      this.#messages,
      this.#body,
    );
    void this.#load();
  }

  close(): void {
    this.#stream?.close();
  }

  /** Asks first: a stream cannot tell why it was refused. */
  async #load(): Promise<void> {
    this.#stream?.close();
    try {
      this.#show((await this.#app.api.getOrder(this.#orderId)).order);
      this.#connection.replaceChildren();
      if (this.element.isConnected) this.#watch();
    } catch (error) {
      this.#connection.replaceChildren(problemNotice(error, this.#app, () => void this.#load()));
    }
  }

  #watch(): void {
    this.#stream = follow<OrderMessage>(orderWatchPath(this.#orderId), {
      message: ({ order }) => order && this.#show(order),
      live: (live) => this.#body.toggleAttribute("data-live", live),
      refused: () => void this.#checkAccess(),
    });
  }

  /** The stream tries again by itself, unless the order is out of reach. */
  async #checkAccess(): Promise<void> {
    try {
      await this.#app.api.getOrder(this.#orderId);
    } catch (error) {
      if (error instanceof Problem && (error.status === 401 || error.status === 404)) await this.#load();
    }
  }

  /** An order as it was shown before is left alone: somebody may be about to press its button. */
  #show(order: Order): void {
    if (this.#shown && order.version <= this.#shown.version) return;
    if (this.#shown) this.#app.announce(`Your order is now: ${stateLabel(order.state)}.`);
    this.#shown = order;
    this.#body.removeAttribute("aria-busy");
    this.#body.replaceChildren(
      h("p", { class: "headline" }, stateBadge(order), h("span", {}, explainState(order))),
      h(
        "p",
        { class: "reference" },
        `Placed ${formatTime(order.placeTime)} · Order `,
        h("code", {}, order.orderId),
      ),
      ...orderSummary(order),
      ...this.#actions(order),
    );
  }

  #actions(order: Order): readonly HTMLElement[] {
    if (!canCancel(order)) return [];
    return [
      h(
        "div",
        { class: "actions" },
        button("Cancel order", "plain", () => this.#ask()),
      ),
    ];
  }

  #ask(): void {
    const dialog = h("dialog", { "aria-labelledby": "cancel-question" });
    const keep = button("Keep it", "plain", () => dialog.close());
    const cancel = button("Cancel the order", "primary", () => {
      dialog.close();
      void this.#cancel();
    });
    dialog.append(
      h("h2", { id: "cancel-question" }, "Cancel this order?"),
      h("p", {}, "What has not left yet goes back to the shop. This cannot be undone."),
      h("div", { class: "actions" }, cancel, keep),
    );
    dialog.addEventListener("close", () => dialog.remove());
    this.element.append(dialog);
    dialog.showModal();
  }

  async #cancel(): Promise<void> {
    try {
      this.#show((await this.#app.api.cancel(this.#orderId)).order);
      this.#messages.replaceChildren();
    } catch (error) {
      this.#messages.replaceChildren(problemNotice(error, this.#app, () => void this.#cancel()));
    }
  }
}
