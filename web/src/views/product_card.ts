/** One product of the list, its stock kept up to date. */

import type { App } from "../app.ts";
import { MOST_LINES, MOST_PIECES, type Added } from "../cart.ts";
import type { Product } from "../contract.ts";
import { button, h, setAttribute } from "../dom.ts";
import { formatMoney } from "../money.ts";
import { levelOf, stockText } from "../stock.ts";

export interface ProductCard {
  readonly element: HTMLElement;
  setAvailable(available: number): void;
  /** Shows how many are in the cart. */
  setChosen(quantity: number): void;
}

export function productCard(product: Product, app: App): ProductCard {
  const stock = h("p", { class: "stock" });
  const add = button("", "plain", () => addToCart(product, app));
  const element = h(
    "li",
    { class: "card", "data-sku": product.sku },
    picture(product),
    h("p", { class: "category" }, categoryName(product.category)),
    h("h2", {}, product.name),
    h("p", { class: "description" }, product.description),
    h("div", { class: "facts" }, h("p", { class: "price" }, formatMoney(product.price)), stock),
    add,
  );
  const setAvailable = (available: number): void => {
    stock.textContent = stockText(available);
    setAttribute(stock, "data-level", levelOf(available));
    setAttribute(add, "disabled", levelOf(available) === "none");
  };
  const setChosen = (quantity: number): void => {
    const text = quantity === 0 ? "Add to cart" : `Add to cart (${quantity})`;
    add.textContent = text;
    setAttribute(add, "aria-label", `${text}: ${product.name}`);
  };
  setAvailable(product.available);
  setChosen(app.cart.quantityOf(product.sku));
  return { element, setAvailable, setChosen };
}

/** `garden-tools` as people write it. */
export function categoryName(category: string): string {
  const words = category.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Pictures come from the shop itself or not at all. */
function picture(product: Product): HTMLElement | undefined {
  const own = product.imageUrl.startsWith("/") && !product.imageUrl.startsWith("//");
  return own ? h("img", { src: product.imageUrl, alt: "", loading: "lazy" }) : undefined;
}

function addToCart(product: Product, app: App): void {
  app.announce(addedText(app.cart.add(product.sku, product.name), product, app));
}

function addedText(added: Added, product: Product, app: App): string {
  switch (added) {
    case "added":
      return `${product.name}: ${app.cart.quantityOf(product.sku)} in your cart.`;
    case "most-pieces":
      return `More than ${MOST_PIECES} pieces of one product cannot be ordered here.`;
    case "most-lines":
      return `More than ${MOST_LINES} different products do not fit into one order.`;
  }
}
