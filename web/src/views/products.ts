/** The shop's shelves: search, categories, pages, live stock. */

import type { App, View } from "../app.ts";
import type { Product, ProductPage } from "../contract.ts";
import { h, link, on } from "../dom.ts";
import { productsHash, type ProductsRoute, type Route } from "../router.ts";
import { followStock } from "../stock.ts";
import type { Stream } from "../stream.ts";
import { problemNotice } from "./notice.ts";
import { categoryName, productCard, type ProductCard } from "./product_card.ts";

const PAGE_SIZE = 24;
const MOST_PRODUCTS = 200;
const ORDERS = [
  ["", "Name"],
  ["price", "Price, lowest first"],
  ["price desc", "Price, highest first"],
] as const;

export function productsView(app: App, route: ProductsRoute): View {
  return new ProductsView(app, route);
}

class ProductsView implements View {
  readonly title = "Shop";
  readonly element: HTMLElement;
  readonly #app: App;
  readonly #query = h("input", {
    type: "search",
    id: "query",
    name: "q",
    maxlength: 100,
    autocomplete: "off",
  });
  readonly #category = h("select", { id: "category", name: "category" }, h("option", { value: "" }, "All"));
  readonly #order = h("select", { id: "sort", name: "sort" }, ...ORDERS.map(option));
  readonly #summary = h("p", { class: "summary", role: "status" });
  readonly #results = h("div", { class: "results" });
  readonly #pageBefore = new Map<string, string>();
  readonly #stopListening: () => void;
  #cards = new Map<string, ProductCard>();
  #route: ProductsRoute;
  #stream: Stream | undefined;
  #loading = new AbortController();

  constructor(app: App, route: ProductsRoute) {
    this.#app = app;
    this.#route = route;
    this.element = h(
      "section",
      {},
      h("h1", { tabindex: -1 }, this.title),
      this.#form(),
      this.#summary,
      this.#results,
    );
    this.#stopListening = app.cart.listen(() => this.#showChosen());
    void this.#loadCategories();
    this.#show(route);
  }

  update(route: Route): void {
    if (route.view !== "products") return;
    const turned = route.pageToken !== this.#route.pageToken;
    this.#show(route);
    if (turned) this.element.querySelector("h1")?.focus();
  }

  close(): void {
    this.#loading.abort();
    this.#stream?.close();
    this.#stopListening();
  }

  #form(): HTMLElement {
    const filter = (): void => this.#app.go(productsHash(this.#chosen()));
    const form = h(
      "form",
      { class: "filters", role: "search" },
      field("Search", this.#query),
      h("button", { type: "submit", class: "primary" }, "Search"),
      field("Category", this.#category),
      field("Sort by", this.#order),
    );
    on(this.#category, { change: filter });
    on(this.#order, { change: filter });
    return on(form, {
      submit: (event) => {
        event.preventDefault();
        filter();
      },
    });
  }

  #chosen(): Omit<ProductsRoute, "view"> {
    return {
      query: this.#query.value.trim(),
      category: this.#category.value,
      orderBy: this.#order.value,
      pageToken: "",
    };
  }

  /** The API lists no categories: they are those of the first products. */
  async #loadCategories(): Promise<void> {
    const all = { query: "", category: "", orderBy: "sku", pageToken: "", pageSize: MOST_PRODUCTS };
    const { products } = await this.#app.api.listProducts(all).catch(() => ({ products: [] }));
    this.#offer(products.map((product) => product.category));
  }

  #offer(categories: readonly string[]): void {
    const known = [...this.#category.options].map((each) => each.value);
    const names = new Set([...known, ...categories, this.#route.category].filter((name) => name !== ""));
    const options = [...names].sort().map((name) => option([name, categoryName(name)]));
    this.#category.replaceChildren(option(["", "All"]), ...options);
    this.#category.value = this.#route.category;
  }

  #show(route: ProductsRoute): void {
    this.#route = route;
    this.#query.value = route.query;
    this.#order.value = route.orderBy;
    this.#offer([]);
    void this.#load();
  }

  async #load(): Promise<void> {
    this.#loading.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#results.setAttribute("aria-busy", "true");
    const { query, category, orderBy, pageToken } = this.#route;
    try {
      const filter = { query, category, orderBy, pageToken, pageSize: PAGE_SIZE };
      this.#fill(await this.#app.api.listProducts(filter, loading.signal));
    } catch (error) {
      if (!loading.signal.aborted) this.#fail(error);
    }
  }

  #fill(page: ProductPage): void {
    this.#stream?.close();
    this.#cards = new Map(page.products.map((product) => [product.sku, productCard(product, this.#app)]));
    this.#results.removeAttribute("aria-busy");
    this.#results.replaceChildren(
      page.products.length > 0 ? this.#list() : this.#nothing(),
      this.#pages(page.nextPageToken),
    );
    this.#summary.textContent = summary(page);
    this.#stream = this.#follow(page.products);
  }

  #list(): HTMLElement {
    return h("ul", { class: "cards" }, ...[...this.#cards.values()].map((card) => card.element));
  }

  #nothing(): HTMLElement {
    return h("p", { class: "empty" }, "Nothing matches. ", link("Show everything", productsHash({})));
  }

  #follow(products: readonly Product[]): Stream {
    return followStock(
      products.map((product) => product.sku),
      {
        stock: ({ sku, available }) => this.#cards.get(sku)?.setAvailable(available),
        live: (live) => this.#results.toggleAttribute("data-live", live),
      },
    );
  }

  #showChosen(): void {
    for (const [sku, card] of this.#cards) card.setChosen(this.#app.cart.quantityOf(sku));
  }

  #pages(nextPageToken: string): HTMLElement {
    const { pageToken } = this.#route;
    const pages = h("nav", { class: "pages", "aria-label": "Pages" });
    if (pageToken !== "") {
      const before = this.#pageBefore.get(pageToken);
      const text = before === undefined ? "First page" : "Previous page";
      pages.append(link(text, productsHash({ ...this.#route, pageToken: before ?? "" }), "button plain"));
    }
    if (nextPageToken !== "") {
      this.#pageBefore.set(nextPageToken, pageToken);
      pages.append(
        link("Next page", productsHash({ ...this.#route, pageToken: nextPageToken }), "button plain"),
      );
    }
    return pages;
  }

  #fail(error: unknown): void {
    this.#stream?.close();
    this.#results.removeAttribute("aria-busy");
    this.#summary.textContent = "";
    this.#results.replaceChildren(problemNotice(error, this.#app, () => void this.#load()));
  }
}

function summary({ products, nextPageToken }: ProductPage): string {
  const count = products.length === 1 ? "1 product" : `${products.length} products`;
  return nextPageToken === "" ? count : `${count} on this page`;
}

function field(text: string, control: HTMLElement): HTMLElement {
  return h("div", { class: "field" }, h("label", { for: control.id }, text), control);
}

function option([value, text]: readonly [string, string]): HTMLOptionElement {
  return h("option", { value }, text);
}
