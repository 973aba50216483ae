/** The cart and the way to an order: quantities, prices as they are now, address, total. */

import type { App, View } from "../app.ts";
import type { Order, Quote } from "../contract.ts";
import { button, h, link, on, setAttribute } from "../dom.ts";
import { formatMoney } from "../money.ts";
import { explainLine, explainRejection } from "../orders.ts";
import { Problem, type FieldViolation } from "../problem.ts";
import { orderHash } from "../router.ts";
import { followStock } from "../stock.ts";
import type { Stream } from "../stream.ts";
import { AddressForm } from "./address_form.ts";
import { CartLines } from "./cart_lines.ts";
import { loginLink, notice, problemNotice, violationList } from "./notice.ts";

export function cartView(app: App): View {
  return new CartView(app);
}

class CartView implements View {
  readonly title = "Cart";
  readonly element = h("section", { class: "cart" });
  readonly #app: App;
  readonly #lines: CartLines;
  readonly #messages = h("div", { class: "messages" });
  readonly #quoteMessages = h("div", { class: "messages" });
  readonly #total = h("output", { class: "total" });
  readonly #placeButton = h("button", { type: "submit", class: "primary" }, "Place order");
  readonly #address: AddressForm;
  readonly #listening: readonly (() => void)[];
  #quote: Quote | undefined;
  #quoting = new AbortController();
  #stream: Stream | undefined;
  #watched = "";
  #placing = false;

  constructor(app: App) {
    this.#app = app;
    this.#lines = new CartLines(app.cart);
    this.#address = new AddressForm(
      app.checkout.address ?? { recipient: app.session.user?.displayName ?? "" },
    );
    this.#listening = [app.cart.listen(() => this.#cartChanged()), app.session.listen(() => this.#render())];
    this.#render();
    this.#cartChanged();
  }

  close(): void {
    this.#quoting.abort();
    this.#stream?.close();
    for (const stop of this.#listening) stop();
  }

  #render(): void {
    const heading = this.element.querySelector("h1") ?? h("h1", { tabindex: -1 }, this.title);
    const parts = this.#app.cart.lines.length === 0 ? [empty()] : [this.#lines.element, this.#summary()];
    this.element.replaceChildren(heading, ...this.#unanswered(), this.#messages, ...parts);
  }

  #summary(): HTMLElement {
    const total = h("p", { class: "sum" }, "Total ", this.#total);
    return h("div", { class: "checkout" }, this.#quoteMessages, total, this.#nextStep());
  }

  #nextStep(): HTMLElement {
    if (this.#app.session.user) return this.#form();
    const text = h("p", {}, "Log in to place the order; your cart stays.");
    return h("div", { class: "next" }, text, loginLink(this.#app, "Log in to order"));
  }

  #form(): HTMLElement {
    const form = h("form", { class: "order-form" }, this.#address.element, this.#placeButton);
    return on(form, {
      submit: (event) => {
        event.preventDefault();
        void this.#agree();
      },
    });
  }

  #cartChanged(): void {
    const wasShown = this.#lines.element.isConnected;
    const { lines } = this.#app.cart;
    this.#messages.replaceChildren();
    this.#lines.update();
    if (wasShown !== lines.length > 0) this.#render();
    if (wasShown && lines.length === 0) this.element.querySelector("h1")?.focus();
    this.#setQuote(undefined);
    void this.#askQuote();
    this.#watchStock(lines.map((line) => line.sku));
  }

  #watchStock(skus: readonly string[]): void {
    if (skus.join() === this.#watched) return;
    this.#watched = skus.join();
    this.#stream?.close();
    this.#stream = followStock(skus, {
      stock: ({ sku, available }) => this.#lines.setAvailable(sku, available),
      live: () => undefined,
    });
  }

  async #askQuote(): Promise<void> {
    this.#quoting.abort();
    const quoting = new AbortController();
    this.#quoting = quoting;
    const lines = this.#app.cart.lines.map(({ sku, quantity }) => ({ sku, quantity }));
    this.#quoteMessages.replaceChildren();
    if (lines.length === 0) return;
    try {
      this.#setQuote((await this.#app.api.quote(lines, quoting.signal)).quote);
    } catch (error) {
      if (quoting.signal.aborted) return;
      this.#quoteMessages.replaceChildren(problemNotice(error, this.#app, () => void this.#askQuote()));
    }
  }

  #setQuote(quote: Quote | undefined): void {
    this.#quote = quote;
    if (quote) this.#lines.price(quote);
    this.#total.textContent = quote?.total ? formatMoney(quote.total) : "…";
    this.#placeButton.textContent = quote?.total
      ? `Place order for ${formatMoney(quote.total)}`
      : "Place order";
    this.#allowPlacing();
  }

  #allowPlacing(): void {
    const known = this.#quote?.lines.every((line) => line.unitPrice) ?? false;
    setAttribute(this.#placeButton, "disabled", this.#placing || !known);
    setAttribute(this.#placeButton, "aria-busy", this.#placing ? "true" : undefined);
  }

  async #agree(): Promise<void> {
    const expectedTotal = this.#quote?.total;
    if (!expectedTotal) return;
    const shippingAddress = this.#address.value;
    this.#app.checkout.keepAddress(shippingAddress);
    const lines = this.#app.cart.lines.map(({ sku, quantity }) => ({ sku, quantity }));
    await this.#place(() => this.#app.checkout.place({ lines, shippingAddress, expectedTotal }));
  }

  async #place(place: () => Promise<Order>): Promise<void> {
    if (this.#placing) return;
    this.#placing = true;
    this.#allowPlacing();
    this.#messages.replaceChildren();
    this.#address.complain([]);
    const outcome = await place().catch((error: unknown) => ({ error }));
    this.#placing = false;
    this.#allowPlacing();
    if ("error" in outcome) this.#refused(outcome.error);
    else this.#placed(outcome);
  }

  #placed(order: Order): void {
    if (order.state === "ORDER_STATE_REJECTED") return this.#rejected(order);
    this.#app.cart.clear();
    return this.#app.go(orderHash(order.orderId));
  }

  #rejected(order: Order): void {
    const rejection = order.rejection;
    if (!rejection) return;
    this.#render();
    const names = new Map(this.#app.cart.lines.map((line) => [line.sku, line.name]));
    const items = rejection.lines.map((line) => h("li", {}, explainLine(line, names.get(line.sku) ?? "")));
    const more = items.length > 0 ? [h("ul", {}, ...items)] : [];
    const next = h("p", {}, "Nothing was ordered. Adjust your cart, or order again as it is now.");
    this.#tell(
      notice("error", `We could not take your order. ${explainRejection(rejection)}`, ...more, next),
    );
    for (const line of rejection.lines) this.#lines.setAvailable(line.sku, line.available);
    void this.#askQuote();
  }

  #refused(error: unknown): void {
    if (!(error instanceof Problem)) throw error;
    if (error.isUnknown) return this.#render();
    if (error.violations.length > 0) return this.#complain(error.violations);
    const again = error.status === 429 ? () => void this.#agree() : undefined;
    return this.#tell(problemNotice(error, this.#app, again));
  }

  #complain(violations: readonly FieldViolation[]): void {
    const others = this.#address
      .complain(violations)
      .map((each) => ({ ...each, field: this.#named(each.field) }));
    const more = others.length > 0 ? [violationList(others)] : [];
    this.#messages.replaceChildren(notice("error", "Please correct what is marked.", ...more));
  }

  /** `lines[0].quantity` by the product's name. */
  #named(field: string): string {
    const index = /^lines\[(\d+)\]/.exec(field)?.[1];
    return (index && this.#app.cart.lines[Number(index)]?.name) || field;
  }

  #tell(message: HTMLElement): void {
    this.#messages.replaceChildren(message);
    message.scrollIntoView({ block: "nearest" });
  }

  /** An order that was sent and never answered comes before anything else. */
  #unanswered(): readonly HTMLElement[] {
    const command = this.#app.checkout.unanswered;
    if (!command || this.#placing) return [];
    const { requestId: _, ...agreement } = command;
    const ask = button(
      "Send it again",
      "primary",
      () => void this.#place(() => this.#app.checkout.place(agreement)),
    );
    const forget = button("Leave it", "plain", () => {
      this.#app.checkout.forget();
      this.#render();
    });
    const text = `We do not know whether your order for ${formatMoney(command.expectedTotal)} has reached us.`;
    const advice =
      "Sending it again is safe: it will not be ordered twice. If you leave it, look at My orders first.";
    return [notice("warning", text, h("p", {}, advice), h("div", { class: "actions" }, ask, forget))];
  }
}

function empty(): HTMLElement {
  return h("p", { class: "empty" }, "Your cart is empty. ", link("Look around", "#/"));
}
