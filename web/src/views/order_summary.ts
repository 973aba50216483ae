/** What stands in an order: its lines, total and address. */

import type { Order, OrderLine, ShippingAddress } from "../contract.ts";
import { addressLines } from "../countries.ts";
import { h } from "../dom.ts";
import { formatMoney } from "../money.ts";
import {
  explainLine,
  explainProgress,
  explainRejection,
  explainShipment,
  formatTime,
  isInParts,
  stateLabel,
} from "../orders.ts";

export function stateBadge(order: Order): HTMLElement {
  return h("span", { class: "state", "data-state": order.state }, stateLabel(order.state));
}

export function orderSummary(order: Order): readonly HTMLElement[] {
  const parts = [rejection(order), lines(order), shipments(order), address(order.shippingAddress)];
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
  const inParts = isInParts(order);
  const body = h("tbody", {}, ...order.lines.map((line) => row(line, inParts)));
  const table = h(
    "table",
    {},
    h("caption", { class: "unseen" }, "What was ordered"),
    h("thead", {}, h("tr", {}, ...heads)),
    body,
  );
  if (order.total) {
    const head = h("th", { scope: "row", colspan: 3 }, "Total");
    const sums = [h("tr", {}, head, h("td", { class: "total" }, formatMoney(order.total)))];
    if (order.cancelledTotal && order.shipments.length > 0) {
      const cancelled = h("th", { scope: "row", colspan: 3 }, "Of it cancelled");
      sums.push(h("tr", {}, cancelled, h("td", {}, formatMoney(order.cancelledTotal))));
    }
    table.append(h("tfoot", {}, ...sums));
  }
  return table;
}

function row(line: OrderLine, inParts: boolean): HTMLElement {
  const name = h("th", { scope: "row" }, line.name === "" ? line.sku : line.name);
  if (inParts) name.append(h("span", { class: "progress" }, explainProgress(line)));
  return h(
    "tr",
    {},
    name,
    h("td", {}, String(line.quantity)),
    h("td", {}, line.unitPrice ? formatMoney(line.unitPrice) : "–"),
    h("td", {}, line.lineTotal ? formatMoney(line.lineTotal) : "–"),
  );
}

/** The parcels, where there is more to say than that it has left. */
function shipments(order: Order): HTMLElement | undefined {
  const isNamed = order.shipments.some((each) => each.carrier !== "" || each.trackingNumber !== "");
  if (!isInParts(order) && !isNamed) return undefined;
  const names = new Map(order.lines.map((line) => [line.sku, line.name]));
  const items = order.shipments.map((shipment) =>
    h(
      "li",
      {},
      h("span", { class: "shipped-on" }, formatTime(shipment.shipTime)),
      h("span", {}, explainShipment(shipment, names)),
    ),
  );
  const title = h("h2", {}, items.length > 1 ? "Parcels" : "Parcel");
  return h("div", { class: "parcels" }, title, h("ol", {}, ...items));
}

function address(value: ShippingAddress | null | undefined): HTMLElement | undefined {
  if (!value) return undefined;
  const rows = addressLines(value).map((text) => h("span", {}, text));
  return h("div", { class: "ships-to" }, h("h2", {}, "Ships to"), h("address", {}, ...rows));
}
