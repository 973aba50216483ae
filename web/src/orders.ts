/** Orders in the shop's words. */

import type { Order, OrderState, RejectedLine, Rejection } from "./contract.ts";
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
  const shortage = order.state === "ORDER_STATE_CANCELLED" && order.cancelReason === "SHORTAGE";
  return shortage
    ? "We are sorry: the warehouse has less than we believed, so we had to cancel this order."
    : WORDINGS[order.state].explanation;
}

export function canCancel(order: Order): boolean {
  return order.state === "ORDER_STATE_PENDING" || order.state === "ORDER_STATE_CONFIRMED";
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
