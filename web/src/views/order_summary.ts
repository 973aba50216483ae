/** What stands in an order: its lines, total and address. */

import type { Order, OrderLine, ShippingAddress } from "../contract.ts";
import { addressLines } from "../countries.ts";
import { h } from "../dom.ts";
import { formatMoney } from "../money.ts";
import { explainLine, explainRejection, stateLabel } from "../orders.ts";

export function stateBadge(order: Order): HTMLElement {
  return h("span", { class: "state", "data-state": order.state }, stateLabel(order.state));
}

export function orderSummary(order: Order): readonly HTMLElement[] {
  const parts = [rejection(order), lines(order), address(order.shippingAddress)];
  return parts.filter((part) => part !== undefined);
}

function rejection(order: Order): HTMLElement | undefined {
  if (!order.rejection) return undefined;
  const names = new Map(order.lines.map((line) => [line.sku, line.name]));
  const items = order.rejection.lines.map((line) =>
    h("li", {}, explainLine(line, names.get(line.sku) ?? "")),
  );
  return h(
    "div",
    { class: "notice error" },
    h("p", {}, explainRejection(order.rejection)),
    h("ul", {}, ...items),
  );
}

function lines(order: Order): HTMLElement {
  const heads = ["Product", "Quantity", "Each", "Sum"].map((text) => h("th", { scope: "col" }, text));
  const body = h("tbody", {}, ...order.lines.map(row));
  const table = h(
    "table",
    {},
    h("caption", { class: "unseen" }, "What was ordered"),
    h("thead", {}, h("tr", {}, ...heads)),
    body,
  );
  if (order.total) {
    const head = h("th", { scope: "row", colspan: 3 }, "Total");
    table.append(h("tfoot", {}, h("tr", {}, head, h("td", { class: "total" }, formatMoney(order.total)))));
  }
  return table;
}

function row(line: OrderLine): HTMLElement {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, line.name === "" ? line.sku : line.name),
    h("td", {}, String(line.quantity)),
    h("td", {}, line.unitPrice ? formatMoney(line.unitPrice) : "–"),
    h("td", {}, line.lineTotal ? formatMoney(line.lineTotal) : "–"),
  );
}

function address(value: ShippingAddress | null | undefined): HTMLElement | undefined {
  if (!value) return undefined;
  const rows = addressLines(value).map((text) => h("span", {}, text));
  return h("div", { class: "ships-to" }, h("h2", {}, "Ships to"), h("address", {}, ...rows));
}
