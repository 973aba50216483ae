/** The cart's lines: how many, what they cost now, whether they are there. */

import type { Cart, CartLine } from "../cart.ts";
import { MOST_PIECES } from "../cart.ts";
import type { Quote, QuoteLine } from "../contract.ts";
import { button, h, on, setAttribute } from "../dom.ts";
import { formatMoney } from "../money.ts";

/** Lines that stay in place while their prices and the stock change. */
export class CartLines {
  readonly element = h("ul", { class: "lines" });
  readonly #cart: Cart;
  #rows: ReadonlyMap<string, Row> = new Map();

  constructor(cart: Cart) {
    this.#cart = cart;
    this.update();
  }

  /** Shows what is in the cart; rows that stay keep the focus. */
  update(): void {
    const rows = this.#cart.lines.map((line): [string, Row] => {
      const row = this.#rows.get(line.sku) ?? new Row(line, this.#cart);
      row.setQuantity(line.quantity);
      return [line.sku, row];
    });
    this.#rows = new Map(rows);
    for (const child of [...this.element.children]) {
      if (!rows.some(([, row]) => row.element === child)) child.remove();
    }
    this.element.append(...rows.filter(([, row]) => !row.element.isConnected).map(([, row]) => row.element));
  }

  /** Shows the prices of a quote. */
  price(quote: Quote): void {
    for (const line of quote.lines) this.#rows.get(line.sku)?.price(line);
  }

  /** Shows how many there are of a SKU. */
  setAvailable(sku: string, available: number): void {
    this.#rows.get(sku)?.setAvailable(available);
  }
}

class Row {
  readonly element: HTMLElement;
  readonly #name: HTMLElement;
  readonly #unit = h("p", { class: "unit" });
  readonly #total = h("p", { class: "line-total" });
  readonly #shortage = h("p", { class: "shortage" });
  readonly #input: HTMLInputElement;
  readonly #take: HTMLButtonElement;
  #available: number | undefined;
  #isSold = true;

  constructor({ sku, name, quantity }: CartLine, cart: Cart) {
    const id = `quantity-${sku}`;
    this.#name = h("h3", {}, name);
    this.#input = h("input", {
      id,
      type: "number",
      inputmode: "numeric",
      min: 1,
      max: MOST_PIECES,
      value: quantity,
    });
    on(this.#input, { change: () => this.#changed(sku, cart) });
    this.#take = button("", "plain", () => cart.setQuantity(sku, this.#available ?? 0));
    const remove = button("Remove", "plain", () => cart.setQuantity(sku, 0));
    setAttribute(remove, "aria-label", `Remove: ${name}`);
    setAttribute(this.#shortage, "role", "status");
    this.element = h(
      "li",
      { class: "line", "data-sku": sku },
      h("div", { class: "what" }, this.#name, this.#unit, this.#shortage),
      h("div", { class: "how-many" }, h("label", { for: id }, "Quantity"), this.#input, remove),
      this.#total,
    );
  }

  setQuantity(quantity: number): void {
    if (this.#input.value === String(quantity)) return;
    this.#input.value = String(quantity);
    this.#judge();
  }

  price({ name, quantity, available, unitPrice, lineTotal }: QuoteLine): void {
    if (name !== "") this.#name.textContent = name;
    this.#unit.textContent = unitPrice ? `${formatMoney(unitPrice)} each` : "";
    if (String(quantity) !== this.#input.value) return;
    this.#total.textContent = lineTotal ? formatMoney(lineTotal) : "";
    this.#isSold = unitPrice !== undefined;
    this.setAvailable(available);
  }

  /** What left the shop cannot be ordered, whatever lies in the warehouse. */
  setAvailable(available: number): void {
    this.#available = this.#isSold ? available : 0;
    this.#judge();
  }

  #changed(sku: string, cart: Cart): void {
    const quantity = Math.trunc(this.#input.valueAsNumber);
    const valid = quantity >= 1 && quantity <= MOST_PIECES;
    if (valid) this.#total.textContent = "";
    if (valid) cart.setQuantity(sku, quantity);
    this.#input.value = String(cart.quantityOf(sku));
    this.#judge();
  }

  #judge(): void {
    const available = this.#available ?? MOST_PIECES;
    const short = this.#input.valueAsNumber > available;
    setAttribute(this.element, "data-short", short);
    if (!short) return this.#shortage.replaceChildren();
    if (available === 0) return this.#shortage.replaceChildren("Sold out: please remove it.");
    this.#take.textContent = `Take ${available}`;
    return this.#shortage.replaceChildren(`Only ${available} available. `, this.#take);
  }
}
