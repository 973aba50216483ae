/** What stands around every view: the way through the shop, and who is there. */

import type { App } from "../app.ts";
import { h, link, on, setAttribute } from "../dom.ts";
import type { Route } from "../router.ts";
import { ACCOUNT_PATH, LOGIN_PATH, LOGOUT_PATH, REGISTER_PATH } from "../session.ts";

export interface Frame {
  readonly main: HTMLElement;
  /** Marks where the customer is. */
  mark(route: Route): void;
}

/** Fills the page and keeps cart and account up to date. */
export function frame(app: App, announcer: HTMLElement, body: HTMLElement): Frame {
  const main = h("main", { id: "main", tabindex: -1 });
  const shop = link("Shop", "#/");
  const orders = link("My orders", "#/orders");
  const cart = link("Cart", "#/cart", "to-cart");
  const account = h("div", { class: "account" });
  const links = new Map<Route["view"], HTMLElement>([
    ["products", shop],
    ["orders", orders],
    ["order", orders],
    ["cart", cart],
  ]);
  const header = h(
    "header",
    {},
    link("shopmesh", "#/", "brand"),
    h("nav", { "aria-label": "Shop" }, shop, orders, cart),
    account,
  );
  const showCart = (): void => cart.replaceChildren(`Cart (${app.cart.pieces})`);
  const showAccount = (): void => account.replaceChildren(...accountOf(app));
  app.cart.listen(showCart);
  app.session.listen(showAccount);
  showCart();
  showAccount();
  body.replaceChildren(skipLink(main), header, main, announcer);
  const mark = (route: Route): void => {
    for (const each of links.values()) setAttribute(each, "aria-current", undefined);
    const current = links.get(route.view);
    if (current) setAttribute(current, "aria-current", "page");
  };
  return { main, mark };
}

function accountOf(app: App): readonly HTMLElement[] {
  const { user } = app.session;
  if (!user) {
    const logIn = on(link("Log in", LOGIN_PATH), { click: () => app.session.leave(location.hash) });
    return [link("Make an account", REGISTER_PATH), logIn];
  }
  const name = link(user.displayName === "" ? user.email : user.displayName, ACCOUNT_PATH, "name");
  return [name, on(link("Log out", LOGOUT_PATH), { click: () => app.session.forget() })];
}

/** Not a plain fragment: those are the shop's addresses. */
function skipLink(main: HTMLElement): HTMLElement {
  return on(link("Skip to content", "#main", "skip"), {
    click: (event) => {
      event.preventDefault();
      main.focus();
    },
  });
}
