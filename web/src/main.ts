/** Starts the page: puts the parts together and shows what the address says. */

import { Api } from "./api.ts";
import type { App, View } from "./app.ts";
import { Cart } from "./cart.ts";
import { Checkout } from "./checkout.ts";
import { h, link } from "./dom.ts";
import { parseRoute, type Route } from "./router.ts";
import { Session } from "./session.ts";
import { cartView } from "./views/cart.ts";
import { frame, type Frame } from "./views/frame.ts";
import { orderView } from "./views/order.ts";
import { ordersView } from "./views/orders.ts";
import { productsView } from "./views/products.ts";

async function main(): Promise<void> {
  const announcer = h("div", { class: "unseen", role: "status", "aria-live": "polite" });
  const app = compose(announcer);
  const page = frame(app, announcer, document.body);
  await app.session.refresh();
  const hash = app.session.comeBack();
  if (hash !== "" && location.hash === "") history.replaceState(null, "", hash);
  showRoutes(app, page);
}

function compose(announcer: HTMLElement): App {
  const storage = window.sessionStorage;
  const api = new Api(window.fetch.bind(window));
  const session = new Session(api, storage);
  const newId = (): string => crypto.randomUUID();
  const checkout = new Checkout({ storage, newId, send: (command) => api.place(command) });
  return {
    api,
    session,
    checkout,
    cart: new Cart(storage),
    announce: (text) => announcer.replaceChildren(text),
    go: (hash) => location.assign(hash),
  };
}

function showRoutes(app: App, page: Frame): void {
  let shown: { readonly name: Route["view"]; readonly view: View } | undefined;
  const show = (): void => {
    const route = parseRoute(location.hash);
    page.mark(route);
    if (shown?.name === route.view && shown.view.update) {
      shown.view.update(route);
      return;
    }
    const arriving = shown !== undefined;
    shown?.view.close();
    shown = { name: route.view, view: viewOf(app, route) };
    document.title = `${shown.view.title} · shopmesh`;
    page.main.replaceChildren(shown.view.element);
    window.scrollTo(0, 0);
    if (arriving) shown.view.element.querySelector("h1")?.focus({ preventScroll: true });
  };
  window.addEventListener("hashchange", show);
  show();
}

function viewOf(app: App, route: Route): View {
  switch (route.view) {
    case "products":
      return productsView(app, route);
    case "cart":
      return cartView(app);
    case "orders":
      return ordersView(app, route.pageToken);
    case "order":
      return orderView(app, route.orderId);
    case "nothing":
      return nothingHere();
  }
}

function nothingHere(): View {
  const title = "Nothing here";
  const text = h("p", {}, "This address leads nowhere. ", link("To the shop", "#/"));
  const element = h("section", {}, h("h1", { tabindex: -1 }, title), text);
  return { title, element, close: () => undefined };
}

await main();
