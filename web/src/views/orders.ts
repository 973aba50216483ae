/** The customer's orders, newest first. */

import type { App, View } from "../app.ts";
import type { Order, OrderPage } from "../contract.ts";
import { h, link } from "../dom.ts";
import { formatMoney } from "../money.ts";
import { formatTime } from "../orders.ts";
import { orderHash, ordersHash } from "../router.ts";
import { problemNotice } from "./notice.ts";
import { stateBadge } from "./order_summary.ts";

export function ordersView(app: App, pageToken: string): View {
  const title = "My orders";
  const results = h("div", { class: "results", "aria-busy": "true" });
  const load = async (): Promise<void> => {
    try {
      results.replaceChildren(...page(await app.api.listOrders(pageToken), pageToken));
    } catch (error) {
      results.replaceChildren(problemNotice(error, app, () => void load()));
    }
    results.removeAttribute("aria-busy");
  };
  void load();
  const element = h("section", {}, h("h1", { tabindex: -1 }, title), results);
  return { title, element, close: () => undefined };
}

function page({ orders, nextPageToken }: OrderPage, pageToken: string): readonly HTMLElement[] {
  const pages = h("nav", { class: "pages", "aria-label": "Pages" });
  if (pageToken !== "") pages.append(link("Newest orders", ordersHash(), "button plain"));
  if (nextPageToken !== "") pages.append(link("Older orders", ordersHash(nextPageToken), "button plain"));
  if (orders.length === 0)
    return [h("p", { class: "empty" }, "No orders yet. ", link("Look around", "#/")), pages];
  return [h("ul", { class: "orders" }, ...orders.map(row)), pages];
}

function row(order: Order): HTMLElement {
  return h(
    "li",
    { class: "order-row" },
    h(
      "div",
      {},
      link(contents(order), orderHash(order.orderId)),
      h("p", { class: "reference" }, formatTime(order.placeTime)),
    ),
    stateBadge(order),
    h("p", { class: "price" }, order.total ? formatMoney(order.total) : ""),
  );
}

/** For example `2 × Stoneware mug, red and 1 more`. */
function contents({ lines }: Order): string {
  const [first, ...others] = lines;
  if (!first) return "Order";
  const text = `${first.quantity} × ${first.name === "" ? first.sku : first.name}`;
  return others.length === 0 ? text : `${text} and ${others.length} more`;
}
