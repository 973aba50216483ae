/** Orders in the shop's words. */

import type { Order, OrderLine, OrderState, RejectedLine, Rejection, Shipment } from "./contract.ts";
import { formatMoney } from "./money.ts";

interface Wording {
  readonly label: string;
  readonly explanation: string;
}

const WORDINGS: Readonly<Record<OrderState, Wording>> = {
  ORDER_STATE_PENDING: {
    label: "Pending",
    explanation: "We are checking the stock. This page tells you as soon as it is decided.",
  },
  ORDER_STATE_CONFIRMED: {
    label: "Confirmed",
    explanation:
      "Thank you. Everything is set aside for you; we write to you now and when it leaves the warehouse.",
  },
  ORDER_STATE_REJECTED: {
    label: "Rejected",
    explanation: "This order could not be taken. Nothing is reserved and nothing is owed.",
  },
  ORDER_STATE_CANCELLED: {
    label: "Cancelled",
    explanation: "This order was taken back. Nothing is reserved and nothing is owed.",
  },
  ORDER_STATE_PARTIALLY_SHIPPED: {
    label: "Partly shipped",
    explanation: "A part of it is on its way to you; the rest follows.",
  },
  ORDER_STATE_SHIPPED: {
    label: "Shipped",
    explanation: "It has left the warehouse and is on its way to you.",
  },
  ORDER_STATE_DELIVERED: { label: "Delivered", explanation: "It has reached its recipient." },
};

export function stateLabel(state: OrderState): string {
  return WORDINGS[state].label;
}

export function explainState(order: Order): string {
  const explanation = WORDINGS[order.state].explanation;
  if (order.cancelReason === "") return explanation;
  const shortage = order.cancelReason === "SHORTAGE";
  if (order.state === "ORDER_STATE_CANCELLED") {
    return shortage
      ? "We are sorry: the warehouse has less than we believed, so we had to cancel this order."
      : explanation;
  }
  const rest = shortage
    ? "We are sorry: the warehouse has less than we believed, so we had to cancel the rest."
    : "The rest was cancelled.";
  const arrived = order.state === "ORDER_STATE_DELIVERED";
  return `What was shipped ${arrived ? "has reached its recipient" : "is on its way to you"}. ${rest}`;
}

const CANCELLABLE: ReadonlySet<OrderState> = new Set([
  "ORDER_STATE_PENDING",
  "ORDER_STATE_CONFIRMED",
  "ORDER_STATE_PARTIALLY_SHIPPED",
]);

export function canCancel(order: Order): boolean {
  return CANCELLABLE.has(order.state);
}

/** Whether an order has left, but not all of it at once. */
export function isInParts(order: Order): boolean {
  const isWhole = order.lines.every((line) => line.shippedQuantity === line.quantity);
  return order.shipments.length > 1 || (order.shipments.length === 1 && !isWhole);
}

/** Where the pieces of a line are, for example `1 shipped, 2 to come`. */
export function explainProgress(line: OrderLine): string {
  const parts = [
    [line.shippedQuantity, "shipped"],
    [line.openQuantity, "to come"],
    [line.cancelledQuantity, "cancelled"],
  ] as const;
  return parts
    .filter(([pieces]) => pieces > 0)
    .map(([pieces, where]) => `${pieces} ${where}`)
    .join(", ");
}

/** What is in a parcel and who brings it, for example `1 × Red mug (DHL 0034)`. */
export function explainShipment(shipment: Shipment, names: ReadonlyMap<string, string>): string {
  const pieces = shipment.lines
    .map(({ sku, quantity }) => `${quantity} × ${names.get(sku) || sku}`)
    .join(" · ");
  const brought = [shipment.carrier, shipment.trackingNumber].filter((part) => part !== "").join(" ");
  return brought === "" ? pieces : `${pieces} (${brought})`;
}

/** Why an order was rejected, in a sentence. */
export function explainRejection(rejection: Rejection): string {
  switch (rejection.reason) {
    case "REJECTION_REASON_OUT_OF_STOCK":
      return "There is not enough in stock for this order.";
    case "REJECTION_REASON_PRICE_CHANGED":
      return rejection.currentTotal
        ? `A price has changed: the order now costs ${formatMoney(rejection.currentTotal)}.`
        : "A price has changed.";
    case "REJECTION_REASON_UNKNOWN_SKU":
      return "Something in this order is no longer sold.";
    case "REJECTION_REASON_UNAVAILABLE":
      return "The stock could not be checked in time.";
  }
}

/** What fell short, for example `Stoneware mug, red: 5 ordered, 2 available`. */
export function explainLine(line: RejectedLine, name: string): string {
  return `${name === "" ? line.sku : name}: ${line.requested} ordered, ${line.available} available`;
}

export function formatTime(time: string): string {
  const format = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
  return format.format(new Date(time));
}
